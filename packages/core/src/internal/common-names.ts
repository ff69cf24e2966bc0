import type { X509Certificate } from 'node:crypto'

/** The common names of the subject, in its order. */
export function commonNames(certificate: X509Certificate): readonly string[] {
  // If `toLegacyObject` is called before this module was loaded, no TLS works in the process from then on (Node 20 to 26).
  process.getBuiltinModule('node:tls')
  // Contrary to its type, Node omits an empty subject, and returns a list if an attribute occurs several times.
  const subject: { CN?: string | string[] } | undefined = certificate.toLegacyObject().subject
  return [subject?.CN ?? []].flat()
}
