import { SealwrightError } from '@sealwright/core'
import { malformed } from '../asn1/ber.ts'

/** Unsupported text formats of keys. */
const texts: readonly { readonly pattern: RegExp; readonly problem: string }[] = [
  {
    pattern: /^\s*(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-\S{1,40}) AAAA/,
    problem:
      'is a public key of OpenSSH. To convert an RSA or EC key: ssh-keygen -e -m PKCS8 -f FILE > FILE.pem',
  },
  {
    pattern: /^\s*---- BEGIN SSH2 /,
    problem:
      'is a public key of SSH2. To convert an RSA or EC key: ssh-keygen -i -f FILE > FILE.pub, then ssh-keygen -e -m PKCS8 -f FILE.pub > FILE.pem',
  },
  {
    pattern: /^(?:apiVersion|kind):/m,
    problem:
      'is Kubernetes YAML. To get JSON, which is supported: kubectl get secret NAME -o json > FILE.json',
  },
  {
    pattern: /BEGIN (?:[A-Z0-9]{1,20} ){0,4}(?:CERTIFICATE|KEY|REQUEST|CRL|PKCS7|CMS)\b/,
    problem: 'has a PEM boundary that is wrong: five hyphens stand before BEGIN and END, and after the label',
  },
]

/**
 * @param text without PEM blocks
 * @throws SealwrightError `INVALID_ENCODING` for a text in one of these formats; the message says what to do about it
 */
export function assertTextNotForeign(text: string): void {
  const format = texts.find(({ pattern }) => pattern.test(text))
  if (format !== undefined) throw malformed('the file', format.problem)
}

/** Unsupported PEM blocks by their label. */
const labels: readonly { readonly pattern: RegExp; readonly problem: string }[] = [
  {
    pattern: /^OPENSSH PRIVATE KEY$/,
    problem: "is in OpenSSH's own format. To convert an RSA or EC key: ssh-keygen -p -m PEM -f FILE",
  },
  { pattern: /^DSA PRIVATE KEY$/, problem: 'is a DSA key, which cannot sign tokens' },
  { pattern: /^PGP /, problem: 'is in OpenPGP format, which is not supported' },
  {
    pattern: /^(?:X509 )?ATTRIBUTE CERTIFICATE$/,
    problem: 'is an attribute certificate (RFC 5755), which holds no key',
  },
]

/**
 * Refuses PEM blocks by their label, before they are decrypted.
 *
 * @throws SealwrightError `UNSUPPORTED_KEY`, or `INVALID_ENCODING` where the message says how to convert it
 */
export function assertLabelNotForeign(label: string): void {
  const format = labels.find(({ pattern }) => pattern.test(label))
  if (format === undefined) return
  const source = `the PEM block ${label}`
  if (label.startsWith('OPENSSH')) throw malformed(source, format.problem)
  throw new SealwrightError('UNSUPPORTED_KEY', `${source} ${format.problem}`)
}
