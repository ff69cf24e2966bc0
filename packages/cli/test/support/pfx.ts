import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLocalSigner } from '@sealwright/core'
import { createSelfSignedCertificate, generatePrivateKey, writePkcs12 } from '@sealwright/x509'
import { scratch } from './sealwright.ts'

/** Of the least that makes a PFX. */
export function createArguments(pfx: string, password: string): string[] {
  const files = ['--out', pfx, '--password-file', password]
  return ['cert', 'create', '--cn', 'a', '--key-type', 'ec-p256', ...files]
}

/** A PFX such as {@link createArguments} make, and the file with its password. */
export async function makePfx(
  iterations?: number,
): Promise<{ readonly pfx: string; readonly password: string; readonly keyId: string }> {
  const { file, password } = scratch()
  const pfx = file('a.pfx')
  return { pfx, password, keyId: await writePfx(pfx, iterations) }
}

/** A folder with the key `auth`, which has the password correct-horse. */
export async function lockedFolder(
  folder: string = scratch().file('keys'),
): Promise<{ readonly uri: string; readonly keyId: string }> {
  mkdirSync(folder, { mode: 0o700 })
  const pfx = join(folder, 'auth.pfx')
  const keyId = await writePfx(pfx)
  chmodSync(pfx, 0o600)
  return { uri: `store:${folder}?name=auth`, keyId }
}

/**
 * Writes a PFX with the password correct-horse. Fewer iterations than people use save the tests a minute.
 *
 * @returns the `kid` of its key
 */
export async function writePfx(pfx: string, iterations = 1): Promise<string> {
  const privateKey = await generatePrivateKey('ec-p256')
  const signer = createLocalSigner(privateKey)
  const certificate = await createSelfSignedCertificate(signer, { subject: 'CN=a' })
  const contents = { privateKey, certificates: [certificate], friendlyName: 'a' }
  writeFileSync(pfx, await writePkcs12(contents, 'correct-horse', { iterations }))
  return signer.keyId
}
