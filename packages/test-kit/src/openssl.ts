import { createHash, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { scratchFolderForFile } from './folders.ts'
import { run } from './tools.ts'

/** A certificate and its private key, in files that OpenSSL wrote. */
export interface OpensslCertificate {
  readonly keyFile: string
  readonly certificateFile: string
  readonly certificate: X509Certificate
  /** Upper-case hexadecimal, by Node's own hash. */
  readonly sha1: string
  /** Likewise. */
  readonly sha256: string
}

/** Creates certificates and PFX files with the openssl command, without any code of Sealwright. */
export class Openssl {
  readonly folder: string
  #count = 0

  constructor(folder: string) {
    this.folder = folder
  }

  /** A path that no other call returns. */
  path(extension: string): string {
    return join(this.folder, `${this.#count++}.${extension}`)
  }

  /**
   * A self-signed certificate.
   *
   * @param newkey the value of `openssl req -newkey`, by default a P-256 key
   * @param more further options of `openssl req`
   */
  certificate(
    subject: string,
    newkey: readonly string[] = p256,
    more: readonly string[] = [],
  ): OpensslCertificate {
    const keyFile = this.path('key.pem')
    const certificateFile = this.path('cert.pem')
    run([
      'openssl',
      ['req', '-x509', '-noenc', '-utf8', '-days', '30', '-subj', subject],
      ['-keyout', keyFile, '-out', certificateFile, '-newkey'],
      newkey,
      more,
    ])
    return describe(keyFile, certificateFile)
  }

  /** A certificate that another one has signed. */
  issued(subject: string, issuer: OpensslCertificate): OpensslCertificate {
    return this.certificate(subject, p256, ['-CA', issuer.certificateFile, '-CAkey', issuer.keyFile])
  }

  /** `openssl pkcs12 -export`. */
  pfx(own: OpensslCertificate, password: string, more: readonly string[] = []): Buffer {
    const out = this.path('pfx')
    run([
      'openssl',
      ['pkcs12', '-export', '-inkey', own.keyFile, '-in', own.certificateFile],
      ['-passout', `pass:${password}`, '-out', out],
      more,
    ])
    return readFileSync(out)
  }

  /** A PFX with the certificate but without its private key. */
  pfxWithoutKey(own: OpensslCertificate, password: string): Buffer {
    const out = this.path('pfx')
    run([
      'openssl',
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
  const folder = scratchFolderForFile()
  let tool: Openssl | undefined
  return () => (tool ??= new Openssl(folder()))
}
