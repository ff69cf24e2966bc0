import { canImportPkcs12, SealwrightError } from '@sealwright/core'
import { distinguishedName, isSelfIssued, renewCertificate, type Pkcs12Profile } from '@sealwright/x509'
import type { X509Certificate } from 'node:crypto'
import { Command } from 'commander'
import { inputName, outputName } from '../../files/files.ts'
import {
  outPasswordSource,
  passwordSource,
  withOutPasswordOptions,
  withPasswordOptions,
  type OutPasswordOptions,
  type PasswordOptions,
} from '../../files/passwords.ts'
import { isSigningUri, type KeyAccess } from '../../keys/key-access.ts'
import { importKey } from '../../keys/import-key.ts'
import { openKey } from '../../keys/open-key.ts'
import { openStore } from '../../keys/open-store.ts'
import type { OpenedKey } from '../../keys/opened-key.ts'
import { thumbprint } from '../../keys/thumbprint.ts'
import { prepareTargets } from '../../keys/write-document.ts'
import type { Terminal } from '../../terminal/terminal.ts'
import { openIssuer, withIssuerOptions, type IssuerOptions } from '../issuer.ts'
import { withOutputOptions, withProfileOption, type OutputOptions } from '../command-options.ts'
import { timesOf, withTimeOptions, type TimeOptions } from './certificate-options.ts'

interface Options extends PasswordOptions, OutPasswordOptions, OutputOptions, TimeOptions, IssuerOptions {
  readonly certificate?: string
  readonly profile: Pkcs12Profile
  readonly json?: boolean
}

/** `sealwright cert renew`: a new certificate with the same key, so the `kid` stays. */
export function certRenewCommand(terminal: Terminal, access: KeyAccess): Command {
  const command = new Command('renew')
    .description(
      'issue a new certificate with the same key, subject and extensions; the kid stays. For a new key: sealwright rotate',
    )
    .argument(
      '<key>',
      'a file, or a signing URI; in a folder the new certificate takes the place of the old one; store:my keeps both',
    )
    .option('--certificate <file>', 'the certificate of the key, where it is in another file')
  withTimeOptions(withPasswordOptions(command, 'the key'), 'as long as before')
  withIssuerOptions(command)
  withOutputOptions(command, 'the file of the key with its new certificate, or of the certificate')
  return withProfileOption(withOutPasswordOptions(command, 'the new file'))
    .option('--json', 'print the result as JSON')
    .action(async (source: string, options: Options) => {
      await renew(source, options, terminal, access)
    })
}

async function renew(source: string, options: Options, terminal: Terminal, access: KeyAccess): Promise<void> {
  const { out, cer, certificate: certificateFile } = options
  const isFile = !isSigningUri(source) || /^file:/i.test(source)
  if (isFile && out === undefined && cer === undefined) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      'no destination; use --out FILE.pfx or --cer FILE.cer; --out with --force replaces the old file',
    )
  }
  let password = ''
  const reading = {
    password: passwordSource(options),
    certificate: certificateFile,
    onPassword: (text: string) => (password = text),
  }
  const key = await openKey(source, reading, terminal, access)
  const [old, ...issuers] = key.certificates
  if (old === undefined) {
    throw new SealwrightError(
      'INVALID_ENCODING',
      `${inputName(source)} has no certificate to renew; pass it with --certificate FILE`,
    )
  }
  if (options.ca === undefined && !isSelfIssued(old)) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `a CA issued the certificate of ${inputName(source)}: give that CA with --ca, or make a self-signed certificate with ` +
        'sealwright cert create --key KEY',
    )
  }
  const targets = { ...options, source, password: outPasswordSource(options) }
  const prepared = await prepareTargets(targets, terminal)
  if (prepared.paths.length > 0) prepared.assertCertificate()
  const issuer = await openIssuer(options, terminal, access)
  const isReplaced = prepared.paths.length === 0
  const times = isReplaced ? timesInStore(old, options) : timesOf(options)
  const renewed = await renewCertificate(old, issuer ?? key.signer(), times)
  const chain = issuer === null ? [renewed, ...issuers] : [renewed, ...issuer.chain]
  let location = outputName(out ?? cer ?? '')
  if (prepared.paths.length > 0) {
    const privateKey = prepared.privateKey ? await key.privateKey() : null
    await prepared.write({ privateKey, certificates: chain, friendlyName: key.name ?? undefined })
  } else {
    location = await replaceInStore(source, password, key, chain, access)
  }
  const result = {
    location,
    subject: distinguishedName(renewed),
    thumbprint: thumbprint(renewed),
    keyId: key.keyId,
    notAfter: new Date(renewed.validTo).toISOString(),
  }
  prepared.report(result, [
    `${location}: ${result.subject}, valid until ${result.notAfter}`,
    `thumbprint ${result.thumbprint}`,
    `kid        ${result.keyId} (unchanged)`,
  ])
}

/**
 * The times of a certificate that replaces another in a store. It begins when that one began: a key ring counts a key as not valid
 * before its certificate. With a later begin, an instance whose clock is behind would stop signing with the key, and the next rotation
 * would come later.
 */
function timesInStore(old: X509Certificate, options: Options): ReturnType<typeof timesOf> {
  const [begin, end] = [new Date(old.validFrom), new Date(old.validTo)]
  const notAfter = new Date(Date.now() + end.getTime() - begin.getTime())
  const times = timesOf(options)
  return { ...times, notBefore: options.notBefore ?? begin, notAfter: times.notAfter ?? notAfter }
}

/** @returns the location of the key */
async function replaceInStore(
  source: string,
  password: string,
  key: OpenedKey,
  certificates: readonly X509Certificate[],
  access: KeyAccess,
): Promise<string> {
  if (/^https:/i.test(source)) {
    throw new SealwrightError(
      'UNSUPPORTED_OPERATION',
      'Key Vault cannot replace the certificate of an existing key; sealwright rotate creates a version with a new key, and ' +
        '--out FILE.cer writes a new certificate for this key',
    )
  }
  const { store } = await openStore(source, password, access)
  if (!canImportPkcs12(store) || key.name === null) {
    throw new SealwrightError('UNSUPPORTED_OPERATION', `${store.location} is read-only; use --out FILE.pfx`)
  }
  const { location } = await importKey(store, key.name, { privateKey: await key.privateKey(), certificates })
  return location
}
