import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openKeyVault } from '@sealwright/azure-keyvault'
import { createLocalSigner, type SigningKey } from '@sealwright/core'
import { startKeyVaultEmulator, wellKnown, type RunningKeyVaultEmulator } from '@sealwright/keyvault-emulator'
import { openPkcs12File } from '@sealwright/local-store'
import { secretCredential } from '@sealwright/test-kit/credentials'
import { rsaKey } from '@sealwright/test-kit/rsa-keys'
import { createSelfSignedCertificate, writePkcs12 } from '@sealwright/x509'

export const privateKey: KeyObject = rsaKey(2048)
export const pfxPassword = 'a password of the file'

/** A PFX file with {@link privateKey} and a certificate. */
export async function makePfx(): Promise<Uint8Array> {
  const certificate = await createSelfSignedCertificate(createLocalSigner(privateKey), {
    subject: 'CN=reports',
  })
  return writePkcs12({ privateKey, certificates: [certificate] }, pfxPassword, { iterations: 2_048 })
}

/** The key in a file on this machine. */
export async function openPfx(pfx: Uint8Array, folder: string): Promise<SigningKey> {
  const path = join(folder, 'reports.pfx')
  await writeFile(path, pfx, { mode: 0o600 })
  return openPkcs12File(path, pfxPassword)
}

/** The key in a vault, where it was imported by an administrator. */
export async function importIntoVault(
  pfx: Uint8Array,
  emulator: RunningKeyVaultEmulator,
): Promise<SigningKey> {
  const store = openKeyVault(emulator.vaultUrl('contoso'), {
    credential: secretCredential(emulator, wellKnown),
    agent: emulator.agent(),
    pollInterval: 10,
    settleTime: 0,
    deadline: 20_000,
    attemptTimeout: 10_000,
  })
  return store.importPkcs12('reports', pfx, pfxPassword)
}

export function startVault(): Promise<RunningKeyVaultEmulator> {
  return startKeyVaultEmulator({ timing: { issuance: 20, deletion: 20 } })
}

/** A key and a certificate for HTTPS on this machine, PEM. */
export async function makeServerCertificate(): Promise<{ readonly key: string; readonly cert: string }> {
  const tlsKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const certificate = await createSelfSignedCertificate(createLocalSigner(tlsKey), {
    subject: 'CN=localhost',
    profile: 'tlsServer',
    subjectAltNames: [
      { type: 'dns', value: 'localhost' },
      { type: 'dns', value: 'oauth2.googleapis.com' },
    ],
  })
  return { key: tlsKey.export({ type: 'pkcs8', format: 'pem' }).toString(), cert: certificate.toString() }
}
