import { createHash } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { hasIdentityApi, identityPath } from '../api/identity.ts'
import { curlLines } from './curl-lines.ts'
import { describeKey } from './key-description.ts'
import { authorizationServerMetadataUrl, paths } from '../oauth/metadata.ts'
import type { Service } from '../service.ts'
import { markup, Html } from './html.ts'
import { style } from './style.ts'

/** The page loads nothing and runs nothing; it has one style sheet. */
const contentSecurityPolicy = [
  "default-src 'none'",
  // By its hash, so the style element must contain exactly this text.
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** The page at `/`: the signing key, where it is kept, and the endpoints. */
export function welcomePage(service: Service): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    app.get('/', (_request, reply) =>
      reply
        .headers({
          'content-type': 'text/html; charset=utf-8',
          'content-security-policy': contentSecurityPolicy,
          'referrer-policy': 'no-referrer',
          'cache-control': 'no-store',
        })
        .send(render(service).text),
    )
  }
}

function render(service: Service): Html {
  const issuer = service.issuer()
  return markup`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Token server</title>
        ${new Html(`<style>${style}</style>`)}
      </head>
      <body>
        <main>
          <header>
            <h1>Token server</h1>
            <p>Issues access tokens as <strong>${issuer}</strong></p>
          </header>
          ${signingKey(service)}
          ${curlExamples(service)}
          ${endpoints(service)}
        </main>
      </body>
    </html>`
}

function signingKey({ settings, ring, clock }: Service): Html {
  const key = ring.signingKey()
  const { location, type, subject, sha1, sha256, expiry } = describeKey(key, clock())
  return markup`<section>
    <h2>Signing key</h2>
    <dl>
      ${row('Kept in', location, 'code')}
      ${row('Named by', settings.signingKey.source)}
      ${row('Subject', subject)}
      ${row('Algorithm', `${key.signer().algorithm.name} (${type})`)}
      ${row('Expires', expiry)}
      ${row('Key ID', key.keyId, 'code')}
      ${row('SHA-1 thumbprint', sha1, 'code')}
      ${row('SHA-256 thumbprint', sha256, 'code')}
    </dl>
  </section>`
}

function row(name: string, value: string | null, className = ''): Html | null {
  return value === null ? null : markup`<div><dt>${name}</dt><dd class="${className}">${value}</dd></div>`
}

function curlExamples({ settings, algorithms, issuer }: Service): Html | null {
  const curl = curlLines(settings, algorithms(), issuer())
  return curl === null
    ? null
    : markup`<section>
        <h2>Get a token</h2>
        <pre>${curl.token}</pre>
        ${curl.identity === null ? null : markup`<h2>Use it</h2><pre>${curl.identity}</pre>`}
      </section>`
}

function endpoints({ settings, algorithms, issuer }: Service): Html {
  const base = issuer()
  const { origin } = new URL(base)
  return markup`<section>
    <h2>Endpoints</h2>
    <ul>
      <li><code>${base + paths.token}</code><span>Token endpoint, for POST (RFC 6749 §4.4)</span></li>
      ${link(base + paths.openIdConfiguration, 'Metadata (OpenID Connect Discovery)')}
      ${link(authorizationServerMetadataUrl(base), 'Metadata (RFC 8414)')}
      ${link(base + paths.jwks, 'JWK Set: the public key with its certificate (RFC 7517)')}
      ${hasIdentityApi(settings, algorithms()) ? link(base + identityPath, 'Sample API: returns the claims of your token') : null}
      ${link(`${origin}/health/ready`, 'Whether the key can sign now')}
    </ul>
  </section>`
}

function link(href: string, description: string): Html {
  return markup`<li><a href="${href}"><code>${href}</code></a><span>${description}</span></li>`
}
