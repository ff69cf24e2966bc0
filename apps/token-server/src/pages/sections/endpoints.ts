import type { KeyRingStatus } from '@sealwright/keyring'
import { hasIdentityApi, identityPath } from '../../api/identity.ts'
import { authorizationServerMetadataUrl, paths } from '../../oauth/metadata.ts'
import type { Service } from '../../service.ts'
import { curlLines } from '../curl-lines.ts'
import { markup, type Html } from '../html.ts'

/** Where everything is, and how to use it from a terminal. */
export function endpoints({ settings, issuer }: Service, { algorithms }: KeyRingStatus): Html {
  const base = issuer()
  const { origin } = new URL(base)
  const curl = curlLines(settings, algorithms, base)
  return markup`<section aria-labelledby="endpoints">
    <h2 id="endpoints">Endpoints</h2>
    <ul class="plain">
      <li><code>${base + paths.token}</code><span>Token endpoint, for POST (RFC 6749 §4.4)</span></li>
      ${link(base + paths.openIdConfiguration, 'Metadata (OpenID Connect Discovery)')}
      ${link(authorizationServerMetadataUrl(base), 'Metadata (RFC 8414)')}
      ${link(base + paths.jwks, 'JWK Set: the public keys with their certificates (RFC 7517)')}
      ${hasIdentityApi(settings, algorithms) ? link(base + identityPath, 'Sample API: returns the claims of your token') : null}
      ${link(`${origin}/health/ready`, 'Whether a load balancer should send requests here')}
      ${link(`${origin}/health/signing`, 'Whether the key can sign now')}
    </ul>
    ${curl === null ? null : markup`<h3>From a terminal</h3>${line('curl-token', 'Get a token', curl.token)}`}
    ${curl === null || curl.identity === null ? null : line('curl-identity', 'Get a token and use it', curl.identity)}
  </section>`
}

function link(href: string, description: string): Html {
  return markup`<li><a href="${href}"><code>${href}</code></a><span>${description}</span></li>`
}

function line(id: string, name: string, text: string): Html {
  // Lines break before an option and nowhere else. What is copied is one line.
  const words = text.split(/ (?=-)/)
  return markup`<div class="line">
    <h4 id="${id}-name">${name}</h4>
    <pre id="${id}" tabindex="0" role="group" aria-labelledby="${id}-name">${words.map((word, index) => markup`${index === 0 ? '' : ' '}<span>${word}</span>`)}</pre>
    <button type="button" data-copy="${id}" aria-describedby="${id}-name" hidden>Copy</button>
  </div>`
}
