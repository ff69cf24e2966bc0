import { AccessDescription, InfoAccess } from 'pkijs'
import { SequenceReader } from '../../asn1/sequence-reader.ts'
import { decodeGeneralName, generalNameOf, urisOf } from '../../names/general-name.ts'
import { itemsOf, type ExtensionKind } from './extension.ts'

/** Where to ask about the certificate and its issuer (RFC 5280 §4.2.2.1). */
export interface AuthorityInfoAccess {
  /** URIs of OCSP responders. */
  readonly ocsp?: readonly string[] | undefined
  /** URIs of the issuer's certificate. */
  readonly caIssuers?: readonly string[] | undefined
}

const accessMethods = { ocsp: '1.3.6.1.5.5.7.48.1', caIssuers: '1.3.6.1.5.5.7.48.2' } as const

/**
 * RFC 5280 §4.2.2.1.
 *
 * @internal
 */
export const authorityInfoAccess: ExtensionKind<
  AuthorityInfoAccess,
  { readonly ocsp: readonly string[]; readonly caIssuers: readonly string[] }
> = {
  oid: '1.3.6.1.5.5.7.1.1',
  critical: false,
  encode: ({ ocsp = [], caIssuers = [] }) => {
    const accessDescriptions = [
      ...accessDescriptionsOf(accessMethods.ocsp, ocsp),
      ...accessDescriptionsOf(accessMethods.caIssuers, caIssuers),
    ]
    return accessDescriptions.length === 0 ? null : new InfoAccess({ accessDescriptions })
  },
  decode: (element, name) => {
    const descriptions = itemsOf(element, name).map((child) => {
      const reader = new SequenceReader(child, name)
      return {
        method: reader.objectIdentifier('accessMethod'),
        location: decodeGeneralName(reader.any('accessLocation'), name),
      }
    })
    const uris = (wanted: string): readonly string[] =>
      urisOf(descriptions.filter(({ method }) => method === wanted).map(({ location }) => location))
    return { ocsp: uris(accessMethods.ocsp), caIssuers: uris(accessMethods.caIssuers) }
  },
}

function accessDescriptionsOf(accessMethod: string, uris: readonly string[]): AccessDescription[] {
  return uris.map(
    (value) => new AccessDescription({ accessMethod, accessLocation: generalNameOf({ type: 'uri', value }) }),
  )
}
