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

/**
 * Each key once, as a key ring counts it: of each place its newest version, as of its oldest.
 *
 * @param places the keys of each, the newest first
 */
export function withoutCopies(places: readonly (readonly OwnKey[])[]): readonly OwnKey[] {
  const all = places.flat()
  return [...new Set(all.map(({ keyId }) => keyId))].flatMap((keyId) => {
    const copies = places.flatMap((keys) => keys.find((key) => key.keyId === keyId) ?? [])
    const first = copies.find(({ version }) => version.enabled) ?? copies[0]
    if (first === undefined) return []
    const times = all.flatMap((key) =>
      key.keyId === keyId ? [key.version.createdAt?.getTime() ?? null] : [],
    )
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
