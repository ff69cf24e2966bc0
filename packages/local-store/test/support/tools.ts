import { execFileSync } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'

/** What makes a command say something harmless. */
const harmless: Readonly<Record<string, string>> = {
  openssl: 'version',
  keytool: '-help',
  python3: '--version',
}

/** Whether a command is installed. */
export function has(command: string): boolean {
  try {
    execFileSync(command, [harmless[command] ?? '--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** A tool for the name of a test: nothing, or why it is skipped. */
export function needs(command: string): string {
  return has(command) ? '' : ` (skipped: ${command} is not installed)`
}

/** Runs a command, its arguments in groups; its output as text. Throws with what it printed when it fails. */
export function run(
  command: string,
  args: readonly (string | readonly string[])[],
  input?: Uint8Array,
): string {
  return execFileSync(command, args.flat(), { encoding: 'utf8', input, stdio: 'pipe' })
}

/** A certificate and its key as files of OpenSSL's. */
export interface OpensslCertificate {
  readonly keyFile: string
  readonly certificateFile: string
  readonly certificate: X509Certificate
  /** Upper-case hexadecimal, by Node's own hash. */
  readonly sha1: string
  readonly sha256: string
}

/** Makes certificates and PFX files with the openssl command: nothing of Sealwright takes part. */
export class Openssl {
  readonly folder: string
  #count = 0

  constructor(folder: string) {
    this.folder = folder
  }

  /** A new path. */
  path(extension: string): string {
    return join(this.folder, `${this.#count++}.${extension}`)
  }

  /** @param newkey what `openssl req -newkey` takes */
  certificate(
    subject: string,
    newkey: readonly string[] = p256,
    more: readonly string[] = [],
  ): OpensslCertificate {
    const keyFile = this.path('key.pem')
    const certificateFile = this.path('cert.pem')
    run('openssl', [
      ['req', '-x509', '-noenc', '-utf8', '-days', '30', '-subj', subject],
      ['-keyout', keyFile, '-out', certificateFile, '-newkey'],
      newkey,
      more,
    ])
    return describe(keyFile, certificateFile)
  }

  /** A certificate that another one has issued. */
  issued(subject: string, issuer: OpensslCertificate): OpensslCertificate {
    return this.certificate(subject, p256, ['-CA', issuer.certificateFile, '-CAkey', issuer.keyFile])
  }

  /** `openssl pkcs12 -export`. */
  pfx(own: OpensslCertificate, password: string, more: readonly string[] = []): Buffer {
    const out = this.path('pfx')
    run('openssl', [
      ['pkcs12', '-export', '-inkey', own.keyFile, '-in', own.certificateFile],
      ['-passout', `pass:${password}`, '-out', out],
      more,
    ])
    return readFileSync(out)
  }

  /** A PFX with the certificate and without its key. */
  pfxWithoutKey(own: OpensslCertificate, password: string): Buffer {
    const out = this.path('pfx')
    run('openssl', [
      ['pkcs12', '-export', '-nokeys', '-in', own.certificateFile],
      ['-passout', `pass:${password}`, '-out', out],
    ])
    return readFileSync(out)
  }
}

const p256: readonly string[] = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256']

function describe(keyFile: string, certificateFile: string): OpensslCertificate {
  const certificate = new X509Certificate(readFileSync(certificateFile))
  const digest = (hash: string): string =>
    createHash(hash).update(certificate.raw).digest('hex').toUpperCase()
  return { keyFile, certificateFile, certificate, sha1: digest('sha1'), sha256: digest('sha256') }
}

/** An {@link Openssl} whose files last as long as the tests of the file. */
export function openssl(): () => Openssl {
  let tool: Openssl | undefined
  beforeAll(async () => {
    tool = new Openssl(await mkdtemp(join(tmpdir(), 'sealwright-openssl-')))
  })
  afterAll(async () => {
    if (tool !== undefined) await rm(tool.folder, { recursive: true, force: true })
  })
  return () => {
    if (tool === undefined) throw new Error('only within a test')
    return tool
  }
}
