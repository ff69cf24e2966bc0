import type { CreateVaultKeyOptions } from '@sealwright/azure-keyvault'
import { createLocalSigner, keyType, SealwrightError, type KeyStore, type SigningKey } from '@sealwright/core'
import { createSelfSignedCertificate, generatePrivateKey } from '@sealwright/x509'
import { storePassword } from '../../files/passwords.ts'
import { assertImporter, importKey } from '../../keys/import-key.ts'
import type { KeyAccess } from '../../keys/key-access.ts'
import { openStore } from '../../keys/open-store.ts'
import { keyLines, storedKey } from '../../keys/stored-key.ts'
import { withProgress } from '../../terminal/progress.ts'
import { report } from '../../terminal/report.ts'
import type { Terminal } from '../../terminal/terminal.ts'
import {
  certificateOptions,
  defaultDays,
  namesOf,
  requiredSubject,
  subjectOf,
  type CreateOptions,
} from './certificate-options.ts'

/**
 * Creates a key with its certificate in a store. A vault generates the key itself and accepts only its names and a length: it
 * has no further options here.
 */
export async function createInStore(
  place: string,
  options: CreateOptions,
  terminal: Terminal,
  access: KeyAccess,
): Promise<void> {
  const password = await storePassword(options, terminal)
  const { store, name, query, version } = await openStore(place, password, access)
  const keyName = name ?? options.friendlyName ?? options.cn
  if (query !== null || version !== null || keyName === undefined) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      'the new key needs a name: --to store:FOLDER?name=NAME, --to https://NAME.vault.azure.net/certificates/CERT, or --cn NAME',
    )
  }
  const making = /^https:/i.test(place)
    ? createInVault(store, keyName, /\/keys\//i.test(place), options)
    : createAndImport(store, keyName, options)
  const key = await withProgress(terminal, `creating ${keyName} in ${store.location}`, making)
  report(terminal, options.json, storedKey(key), keyLines(key))
}

async function createInVault(
  store: KeyStore,
  name: string,
  isBare: boolean,
  options: CreateOptions,
): Promise<SigningKey> {
  const given = (['keyUsage', 'eku', 'notBefore', 'notAfter', 'serial', 'friendlyName'] as const).find(
    (option) => options[option] !== undefined,
  )
  if (given !== undefined) {
    throw new SealwrightError(
      'UNSUPPORTED_OPERATION',
      `--${given.replace(/[A-Z]/g, '-$&').toLowerCase()} is not available for a certificate that the vault creates; ` +
        'omit it, or create a PFX and use cert import',
    )
  }
  const { keyType: type = 'rsa-2048', validityDays, cn, subject } = options
  const subjectAltNames = namesOf(options)
  const isNamed = cn !== undefined || subject !== undefined || subjectAltNames.length > 0
  if (isBare && (isNamed || validityDays !== undefined)) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      'under /keys/ a vault has keys without certificates; omit the names and the dates, or use /certificates/CERT',
    )
  }
  const creation: CreateVaultKeyOptions = {
    keyType: keyType(type).name,
    subject: subjectOf(options),
    validityDays,
    ...(subjectAltNames.length > 0 && { subjectAltNames }),
  }
  return store.create(name, creation)
}

/** The file is created here, because the store's own `create` has fewer options. */
async function createAndImport(store: KeyStore, name: string, options: CreateOptions): Promise<SigningKey> {
  assertImporter(store)
  if ((await store.get(name)) !== null) {
    throw new SealwrightError(
      'ALREADY_EXISTS',
      `the key ${JSON.stringify(name)} already exists in ${store.location} and was not changed; use another name, or rotate it`,
    )
  }
  const privateKey = await generatePrivateKey(keyType(options.keyType ?? 'rsa-2048').name)
  const certificate = await createSelfSignedCertificate(createLocalSigner(privateKey), {
    subject: subjectOf(options) ?? requiredSubject({ cn: name }),
    ...certificateOptions(options, defaultDays),
  })
  return importKey(store, name, { privateKey, certificates: [certificate] })
}
