import {
  canLocate,
  openSigningKey,
  type SignatureAlgorithm,
  type Signer,
  type SigningKey,
} from '@sealwright/core'
import type { KeyVersion } from '@sealwright/keyring'
import { withPassword, type PasswordSource } from '../../files/passwords.ts'
import { backendFor, isSigningUri, type KeyAccess } from '../../keys/key-access.ts'
import { openKey } from '../../keys/open-key.ts'
import type { OpenedKey } from '../../keys/opened-key.ts'
import type { Terminal } from '../../terminal/terminal.ts'

/** A key that the servers of the issuer sign with. */
export interface OwnKey {
  readonly keyId: string
  readonly location: string
  readonly version: KeyVersion
  readonly algorithms: readonly SignatureAlgorithm[]
  signer(algorithm?: string): Signer
}

/**
 * Every version that a place has.
 *
 * @param source a file or a signing URI
 * @throws SealwrightError of the file or the store
 */
export async function ownKeysOf(
  source: string,
  password: PasswordSource,
  terminal: Terminal,
  access: KeyAccess,
): Promise<readonly OwnKey[]> {
  if (!isSigningUri(source)) return [fromFile(await openKey(source, { password }, terminal, access))]
  const backend = await backendFor(source, access)
  return withPassword(password, terminal, source, async (given) => {
    const place = canLocate(backend) ? await backend.locate(source, { password: given }) : null
    if (place?.version !== null) {
      return [fromStore(await openSigningKey(source, { backends: [backend], password: given }))]
    }
    return (await place.store.list({ name: place.name })).map(fromStore)
  })
}

/** Each key once, as a key ring counts it: a copy in another place is no version of its own. */
export function withoutCopies(own: readonly OwnKey[]): readonly OwnKey[] {
  return [...new Set(own.map(({ keyId }) => keyId))].flatMap((keyId) => {
    const copies = own.filter((key) => key.keyId === keyId)
    const first = copies.find(({ version }) => version.enabled) ?? copies[0]
    if (first === undefined) return []
    const times = copies.map(({ version }) => version.createdAt?.getTime() ?? null)
    const createdAt = times.includes(null) ? null : new Date(Math.min(...times.map(Number)))
    const enabled = copies.every(({ version }) => version.enabled)
    return [{ ...first, version: { ...first.version, createdAt, enabled } }]
  })
}

function fromStore(key: SigningKey): OwnKey {
  const { keyId, location, algorithms, createdAt, notBefore, notAfter, enforcesValidity, enabled } = key
  return {
    keyId,
    location,
    algorithms,
    version: { id: keyId, createdAt, notBefore, notAfter, enforcesValidity, enabled },
    signer: (algorithm) => key.signer(algorithm),
  }
}

/** A file does not say when it was made. */
function fromFile(key: OpenedKey): OwnKey {
  const { keyId, location, algorithms, certificates } = key
  const [certificate] = certificates
  const notBefore = certificate === undefined ? null : new Date(certificate.validFrom)
  const notAfter = certificate === undefined ? null : new Date(certificate.validTo)
  return {
    keyId,
    location,
    algorithms,
    version: { id: keyId, createdAt: null, notBefore, notAfter, enforcesValidity: false, enabled: true },
    signer: (algorithm) => key.signer(algorithm),
  }
}
