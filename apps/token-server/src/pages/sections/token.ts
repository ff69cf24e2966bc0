import type { KeyRingStatus } from '@sealwright/keyring'
import { hasIdentityApi, identityAudience } from '../../api/identity.ts'
import type { Service } from '../../service.ts'
import type { Settings } from '../../settings/settings.ts'
import { hasSampleSecret, sampleSecret } from '../../settings/sample-client.ts'
import { curlClient } from '../curl-lines.ts'
import { badge } from '../document.ts'
import { markup, type Html } from '../html.ts'
import { fromNow, utc } from '../times.ts'
import type { TokenParts } from '../token/decode-token.ts'
import { forgeries, type Forgery } from '../token/tamper.ts'
import type { Answer, Trial } from '../token/run-form.ts'

/** The life of a token: a client gets it, an API accepts it, and refuses a forged one. */
export function tokenSection(service: Service, status: KeyRingStatus, trial: Trial): Html {
  return markup`<section id="token" aria-labelledby="token-title">
    <h2 id="token-title">A token</h2>
    ${requestForm(service, trial)}
    ${trial.issued === null ? null : answer(trial.issued, trial.issued.status === 200)}
    ${trial.token === null ? null : parts(trial.token, service.clock())}
    ${trial.token === null ? null : useForm(service.settings, status, trial, trial.token)}
    ${trial.called === null ? null : apiAnswer(trial.called)}
  </section>`
}

function requestForm({ settings }: Service, { clientId, scope }: Trial): Html {
  const client = curlClient(settings)
  const isSample = settings.isSample && client !== null && hasSampleSecret(client)
  return markup`<form method="post" action="#token" autocomplete="off">
    <p>Get one as a client, by <code>client_credentials</code>.
      ${isSample ? markup`The secret of the sample client is public: <code>${sampleSecret}</code>.` : null}</p>
    <div class="fields">
      <label>Client ID <input name="client_id" required value="${clientId ?? client?.clientId ?? ''}" /></label>
      <label>Client secret <input name="client_secret" type="password" required autocomplete="off" value="${isSample ? sampleSecret : ''}" /></label>
      <label>Scope <input name="scope" placeholder="all of the client" value="${scope ?? ''}" /></label>
      <button name="action" value="issue">Get a token</button>
    </div>
  </form>`
}

function useForm(
  settings: Settings,
  { algorithms }: KeyRingStatus,
  { clientId, scope }: Trial,
  { encoded }: TokenParts,
): Html {
  if (!hasIdentityApi(settings, algorithms)) {
    return identityAudience(settings) === undefined
      ? markup`<p>The settings have no sample API: no resource has the scope <code>api1</code>.</p>`
      : markup`<p>The sample API cannot verify this algorithm.</p>`
  }
  return markup`<form method="post" action="#token">
    <h3>Use it</h3>
    <input type="hidden" name="client_id" value="${clientId ?? ''}" />
    <input type="hidden" name="scope" value="${scope ?? ''}" />
    <input type="hidden" name="token" value="${encoded.join('.')}" />
    <div class="buttons">
      <button name="action" value="call">Call the sample API</button>
      ${Object.entries(forgeries).map(([name, text]) => markup`<button name="action" value="${name}" class="forge">${text}</button>`)}
    </div>
  </form>`
}

function answer({ request, status, statusText, challenge, body }: Answer, isGood: boolean): Html {
  return markup`<p><code>${request}</code> ${badge(isGood ? 'good' : 'bad', `${status} ${statusText}`)}</p>
    ${challenge === null ? null : markup`<pre><code>WWW-Authenticate: ${challenge}</code></pre>`}
    <pre><code>${body}</code></pre>`
}

function apiAnswer(called: Answer & { readonly forgery: Forgery | null }): Html {
  const { isRight, text } = verdictOf(called)
  return markup`<p class="notice ${isRight ? 'good' : 'bad'}" role="status">${text}</p>${answer(called, called.status === 200)}`
}

function verdictOf({ status, forgery }: Answer & { readonly forgery: Forgery | null }): {
  readonly isRight: boolean
  readonly text: string
} {
  if (status === 200) {
    return forgery === null
      ? { isRight: true, text: 'The API verified the token and accepts it.' }
      : { isRight: false, text: 'The API accepts a forged token. That must never happen.' }
  }
  if (status !== 401 && status !== 403) return { isRight: false, text: 'The API could not verify the token.' }
  return forgery === null
    ? { isRight: false, text: 'The API refuses the token.' }
    : { isRight: true, text: `“${forgeries[forgery]}”: the API refuses the token.` }
}

function parts({ encoded: [header, claims, signature], ...token }: TokenParts, now: Date): Html {
  return markup`<h3>Decoded</h3>
    <pre class="token" tabindex="0" aria-label="The token"><code><span class="header">${header}</span>.<span class="claims">${claims}</span>.<span class="signature">${signature}</span></code></pre>
    <div class="parts">
      ${table('header', 'Header', token.header, now)}
      ${table('claims', 'Claims', token.claims, now)}
    </div>
    <p class="signature">Signature: ${String(Buffer.from(signature, 'base64url').length)} bytes
      over the header, the dot and the claims, as they are above.</p>`
}

function table(kind: string, name: string, values: Readonly<Record<string, unknown>>, now: Date): Html {
  const rows = Object.entries(values).map(
    ([member, value]) =>
      markup`<tr><th scope="row">${member}</th><td><code>${asText(value)}</code><span>${explain(member, value, now)}</span></td></tr>`,
  )
  return markup`<table class="${kind}"><caption>${name}</caption><tbody>${rows}</tbody></table>`
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

const meanings: Readonly<Record<string, string>> = {
  alg: 'signature algorithm',
  typ: 'type of the token',
  kid: 'the key in the JWK Set',
  'x5t#S256': 'SHA-256 thumbprint of the certificate',
  iss: 'issuer',
  sub: 'subject',
  aud: 'audience: the API it is for',
  jti: 'ID of the token',
  client_id: 'the client that requested it',
  scope: 'what it allows',
}

const times: Readonly<Record<string, string>> = { iat: 'issued', nbf: 'valid from', exp: 'expires' }

function explain(member: string, value: unknown, now: Date): string {
  const time = times[member]
  if (time === undefined || typeof value !== 'number') return meanings[member] ?? ''
  const date = new Date(value * 1_000)
  // Anyone can send a token with a time that no calendar has.
  if (Number.isNaN(date.getTime())) return ''
  return `${time} ${fromNow(date, now)}: ${utc(date)}`
}
