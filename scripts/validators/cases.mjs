// Our tokens and JWK Sets: an issuer for each algorithm, on a key ring of its own.
import { createServer } from 'node:http'
import { join } from 'node:path'
import { createJwtIssuer } from '../../packages/jws/dist/index.js'
import { issuerDocuments, openKeyRing } from '../../packages/keyring/dist/index.js'
import { localStore } from '../../packages/local-store/dist/index.js'

const keyTypes = {
  RS256: 'rsa-2048',
  ES256: 'ec-p256',
  PS256: 'rsa-2048',
  Ed25519: 'ed25519',
  EdDSA: 'ed25519',
}

export const algorithms = Object.keys(keyTypes)
export const nameSwaps = [
  { id: 'Ed25519-for-EdDSA', token: 'Ed25519', list: 'EdDSA' },
  { id: 'EdDSA-for-Ed25519', token: 'EdDSA', list: 'Ed25519' },
]
const audience = 'https://api.example.com'

/**
 * Serves discovery and JWK Set of an issuer for each algorithm.
 *
 * @returns the cases, and a function that ends the server
 */
export async function startIssuers(folder) {
  const documents = new Map()
  const server = createServer((request, response) => {
    const { status = 404, headers = {}, body = '' } = documents.get(request.url)?.respond() ?? {}
    response.writeHead(status, headers).end(body)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${server.address().port}`
  const cases = []
  const rings = []
  for (const [alg, keyType] of Object.entries(keyTypes)) {
    const issuer = `${origin}/${alg}`
    // eslint-disable-next-line no-await-in-loop -- in this order
    const [ring, stranger] = await Promise.all(
      ['signing', 'stranger'].map((name) => openRing(join(folder, alg), name, keyType, alg)),
    )
    for (const each of issuerDocuments(ring, { issuer })) documents.set(each.path, each)
    // eslint-disable-next-line no-await-in-loop
    cases.push(await makeCase(alg, issuer, ring, stranger))
    rings.push(ring, stranger)
  }
  return {
    cases: [...cases, ...swapped(cases)],
    close() {
      for (const each of rings) each.close()
      server.close().closeAllConnections()
    },
  }
}

/** The tokens of the two names of EdDSA, for a validator that is told the other name. */
function swapped(cases) {
  return nameSwaps.map(({ id, token, list }) => ({
    ...cases.find(({ alg }) => alg === token),
    id,
    alg: list,
  }))
}

function openRing(folder, name, keyType, algorithm) {
  const source = { uri: `store:${folder}-${name}?name=${name}`, create: { keyType } }
  return openKeyRing([source], {}, { backends: [localStore()], algorithms: [algorithm] })
}

async function makeCase(alg, issuer, ring, stranger) {
  const key = ring.signingKey()
  const tokens = async (typ) => {
    const issue = (from) =>
      createJwtIssuer(from, { issuer, audience, typ }).issue({ sub: 'alice', client_id: 'shop' })
    const token = await issue(key)
    const [header, payload, signature] = token.split('.')
    const [, , ofStranger] = (await issue(stranger.signingKey())).split('.')
    const claims = Buffer.from(payload, 'base64url').toString().replace('alice', 'mallory')
    // What must be refused: other claims, another key's signature.
    const forged = [
      `${header}.${Buffer.from(claims).toString('base64url')}.${signature}`,
      `${header}.${payload}.${ofStranger}`,
    ]
    return { token, forged }
  }
  return {
    id: alg,
    alg,
    issuer,
    audience,
    jwksUri: `${issuer}/.well-known/jwks.json`,
    jwks: { keys: [...ring.jwks().keys] },
    kid: key.keyId,
    pem: key.publicKey.export({ type: 'spki', format: 'pem' }),
    ...(await tokens('at+jwt')),
    // For validators that know no other typ.
    plain: await tokens('JWT'),
  }
}
