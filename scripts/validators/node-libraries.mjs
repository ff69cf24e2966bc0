// The validators that npm has, each called as its documentation shows, with the one algorithm allowed.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'

const require = createRequire(import.meta.url)

/** The version that is installed. */
export function versionOf(name) {
  for (let folder of require.resolve.paths(name)) {
    try {
      return JSON.parse(readFileSync(`${folder}/${name}/package.json`, 'utf8')).version
    } catch {
      // Further up.
    }
  }
  throw new Error(`${name} is not installed`)
}

/** What Koa's `ctx.throw` does. */
function refuse(status, message, { originalError }) {
  throw originalError ?? new Error(message)
}

/** As much of a request as libraries for Express look at. */
const requestWith = (token) => ({
  method: 'GET',
  protocol: 'https',
  url: '/',
  originalUrl: '/',
  query: {},
  headers: { host: 'api.example.com', authorization: `Bearer ${token}` },
  get: (name) => requestWith(token).headers[name.toLowerCase()],
  is: () => false,
})

/** A rejection becomes an exception, and a falsy result too. */
const callback = (call) =>
  new Promise((resolve, reject) => call((error, result) => (error ? reject(error) : resolve(result))))

/** By the name of the package: how it validates the token of a case. It throws, or returns what is not true, to refuse. */
const libraries = {
  async jose() {
    const { createRemoteJWKSet, jwtVerify } = await import('jose')
    return ({ alg, issuer, audience, jwksUri }, token) =>
      jwtVerify(token, createRemoteJWKSet(new URL(jwksUri)), { issuer, audience, algorithms: [alg] })
  },
  async oauth4webapi() {
    const oauth = await import('oauth4webapi')
    return ({ alg, issuer, audience, jwksUri }, token) =>
      oauth.validateJwtAccessToken(
        { issuer, jwks_uri: jwksUri },
        new Request(audience, { headers: { authorization: `Bearer ${token}` } }),
        audience,
        { signingAlgorithms: [alg], [oauth.allowInsecureRequests]: true },
      )
  },
  async 'openid-client'() {
    const client = await import('openid-client')
    // The token comes as the ID token of a token endpoint.
    return async ({ alg, issuer, audience, jwksUri }, token) => {
      const server = { issuer, jwks_uri: jwksUri, token_endpoint: `${issuer}/token` }
      const config = new client.Configuration(server, audience, { id_token_signed_response_alg: alg })
      client.allowInsecureRequests(config)
      client.enableNonRepudiationChecks(config)
      config[client.customFetch] = (url, options) =>
        url === server.token_endpoint
          ? Response.json({ access_token: 'any', token_type: 'Bearer', id_token: token })
          : fetch(url, options)
      return client.genericGrantRequest(config, 'urn:example', {})
    }
  },
  async jsonwebtoken() {
    const { default: jwt } = await import('jsonwebtoken')
    return ({ alg, issuer, audience, pem }, token) =>
      jwt.verify(token, pem, { algorithms: [alg], issuer, audience })
  },
  async 'fast-jwt'() {
    const { createVerifier } = await import('fast-jwt')
    return ({ alg, issuer, audience, pem }, token) =>
      createVerifier({ key: pem, algorithms: [alg], allowedIss: issuer, allowedAud: audience })(token)
  },
  async 'aws-jwt-verify'() {
    const { JwtVerifier } = await import('aws-jwt-verify')
    return ({ issuer, audience, jwksUri, jwks }, token) => {
      const verifier = JwtVerifier.create({ issuer, audience, jwksUri: jwksUri.replace('http:', 'https:') })
      verifier.cacheJwks(jwks)
      return verifier.verify(token)
    }
  },
  async 'express-jwt'() {
    const { expressjwt } = await import('express-jwt')
    const { expressJwtSecret } = await import('jwks-rsa')
    return ({ alg, issuer, audience, jwksUri }, token) =>
      callback((done) =>
        expressjwt({ secret: expressJwtSecret({ jwksUri }), algorithms: [alg], issuer, audience })(
          { headers: { authorization: `Bearer ${token}` } },
          {},
          (error) => done(error, true),
        ),
      )
  },
  async 'koa-jwt'() {
    const { default: koaJwt } = await import('koa-jwt')
    const { koaJwtSecret } = await import('jwks-rsa')
    return async ({ alg, issuer, audience, jwksUri }, token) => {
      const middleware = koaJwt({ secret: koaJwtSecret({ jwksUri }), algorithms: [alg], issuer, audience })
      const authorization = `Bearer ${token}`
      const context = { header: { authorization }, headers: { authorization }, state: {}, throw: refuse }
      await middleware({ ...context, request: context }, async () => undefined)
      return true
    }
  },
  async 'passport-jwt'() {
    const { Strategy, ExtractJwt } = await import('passport-jwt').then((module) => module.default)
    const { passportJwtSecret } = await import('jwks-rsa')
    return ({ alg, issuer, audience, jwksUri }, token) =>
      callback((done) => {
        const strategy = new Strategy(
          {
            jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
            secretOrKeyProvider: passportJwtSecret({ jwksUri }),
            algorithms: [alg],
            issuer,
            audience,
          },
          (payload, verified) => verified(null, payload),
        )
        strategy.success = () => done(null, true)
        strategy.fail = (reason) => done(reason instanceof Error ? reason : new Error(String(reason)))
        strategy.error = done
        strategy.authenticate({ headers: { authorization: `Bearer ${token}` } })
      })
  },
  async 'express-oauth2-jwt-bearer'() {
    const { auth } = await import('express-oauth2-jwt-bearer')
    return ({ alg, issuer, audience, jwksUri }, token) =>
      callback((done) =>
        auth({ issuer, audience, jwksUri, tokenSigningAlg: alg })(requestWith(token), {}, (error) =>
          done(error, true),
        ),
      )
  },
  async '@okta/jwt-verifier'() {
    const { default: OktaJwtVerifier } = await import('@okta/jwt-verifier')
    return async ({ issuer, audience, jwksUri }, token) => {
      // It warns of what this asks for.
      const { warn } = console
      console.warn = () => undefined
      const verifier = new OktaJwtVerifier({ issuer, jwksUri, testing: { disableHttpsCheck: true } })
      console.warn = warn
      return verifier.verifyAccessToken(token, audience)
    }
  },
  async njwt() {
    const { default: njwt } = await import('njwt')
    return ({ alg, pem }, token) => njwt.verify(token, pem, alg)
  },
  async 'node-jose'() {
    const { default: jose } = await import('node-jose')
    return async ({ alg, jwks }, token) => {
      const keystore = await jose.JWK.asKeyStore(jwks)
      return jose.JWS.createVerify(keystore, { algorithms: [alg] }).verify(token)
    }
  },
  async jsrsasign() {
    const { KEYUTIL, KJUR } = await import('jsrsasign').then((module) => module.default)
    return ({ alg, issuer, audience, jwks }, token) =>
      KJUR.jws.JWS.verifyJWT(token, KEYUTIL.getKey(jwks.keys[0]), {
        alg: [alg],
        iss: [issuer],
        aud: [audience],
      })
  },
  async '@hapi/jwt'() {
    const { default: hapi } = await import('@hapi/jwt')
    return ({ alg, issuer, audience, pem }, token) => {
      const decoded = hapi.token.decode(token)
      hapi.token.verify(decoded, { key: pem, algorithm: alg }, { iss: issuer, aud: audience, sub: false })
      return true
    }
  },
  async jws() {
    const { default: jws } = await import('jws')
    return ({ alg, pem }, token) => jws.verify(token, alg, pem)
  },
  async hono() {
    const { verifyWithJwks } = await import('hono/jwt')
    return ({ alg, issuer, audience, jwksUri }, token) =>
      verifyWithJwks(token, {
        jwks_uri: jwksUri,
        allowedAlgorithms: [alg],
        verification: { iss: issuer, aud: audience },
      })
  },
  async '@tsndr/cloudflare-worker-jwt'() {
    const { default: jwt } = await import('@tsndr/cloudflare-worker-jwt')
    return ({ alg, jwks }, token) => jwt.verify(token, jwks.keys[0], { algorithm: alg, throwError: true })
  },
  async 'did-jwt'() {
    const { verifyJWS } = await import('did-jwt')
    return ({ jwks }, token) =>
      verifyJWS(token, { id: 'a', type: 'JsonWebKey2020', controller: 'a', publicKeyJwk: jwks.keys[0] })
  },
}

/** What the table says of some of them. */
const labels = {
  'express-jwt': 'express-jwt, with jwks-rsa',
  'koa-jwt': 'koa-jwt, with jwks-rsa',
  'passport-jwt': 'passport-jwt, with jwks-rsa',
  hono: 'hono, with typ JWT',
}

/** They refuse the typ of access tokens, at+jwt. */
const plainOnly = new Set(['hono'])

/** What each library says of the tokens of the cases. */
export async function validateInNode(cases) {
  const results = []
  for (const [name, load] of Object.entries(libraries)) {
    // eslint-disable-next-line no-await-in-loop -- Node 20 cannot load one module by import and by require at the same time
    const validate = await load()
    const outcome = async (each, token) => {
      try {
        return (await validate(each, token)) ? null : 'refused'
      } catch (error) {
        return messageOf(error)
      }
    }
    const outcomes = {}
    for (const given of cases) {
      const each = plainOnly.has(name) ? { ...given, ...given.plain } : given
      // eslint-disable-next-line no-await-in-loop
      outcomes[each.id] = await Promise.all([each.token, ...each.forged].map((token) => outcome(each, token)))
    }
    results.push({ kind: 'Node', name: labels[name] ?? name, version: versionOf(name), outcomes })
  }
  return results
}

function messageOf(error) {
  const [message] = String(error?.message ?? error).split('\n')
  const cause = error?.cause?.message ?? error?.innerError?.message
  return cause === undefined || cause === message ? message : `${message}: ${cause}`
}
