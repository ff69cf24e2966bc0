import type { SigningKey } from '@sealwright/core'
import { printable } from '../../printable.ts'
import type { Service } from '../../service.ts'
import { keyWarnings } from '../../checks/warnings.ts'
import { badge, row } from '../document.ts'
import { markup, type Html } from '../html.ts'
import { describeKey } from '../key-description.ts'

/** The key that signs now, and where its private part is. */
export function signingKey(service: Service): Html {
  const found = keyOfNow(service)
  return markup`<section aria-labelledby="signing-key">
    <h2 id="signing-key">Signing key</h2>
    ${typeof found === 'string' ? markup`<p class="notice bad">No key can sign now: ${found}</p>` : details(service, found)}
  </section>`
}

/** The key, or why there is none. */
function keyOfNow({ ring }: Service): SigningKey | string {
  try {
    return ring.signingKey()
  } catch (error) {
    return printable(error instanceof Error ? error.message : String(error))
  }
}

function details({ settings, clock }: Service, key: SigningKey): Html {
  const now = clock()
  const { location, type, subject, sha1, sha256, expiry } = describeKey(key, now)
  const [warning] = keyWarnings([key], now)
  const isExpired = key.notAfter !== null && key.notAfter <= now
  return markup`${warning === undefined ? null : markup`<p class="notice ${isExpired ? 'bad' : 'soon'}">${sentence(warning)}</p>`}
    <dl>
      ${row('Private key', privatePart(key))}
      ${row('Kept in', location, 'code')}
      ${settings.additionalSigningKeys.length > 0 ? null : row('Named by', settings.signingKey.source)}
      ${row('Subject', subject)}
      ${row('Algorithm', `${key.signer().algorithm.name} (${type})`)}
      ${row('Expires', isExpired ? badge('bad', expiry) : expiry)}
      ${row('Key ID', key.keyId, 'code')}
      ${row('SHA-1 thumbprint', sha1, 'code')}
      ${row('SHA-256 thumbprint', sha256, 'code')}
    </dl>`
}

function privatePart({ location }: SigningKey): string {
  return location.startsWith('https:')
    ? 'in the vault, which signs'
    : 'on this machine, in the memory of this process'
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
