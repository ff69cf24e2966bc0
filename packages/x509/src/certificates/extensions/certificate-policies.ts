import { invalidArgument } from '@sealwright/core/internal'
import { IA5String } from 'asn1js'
import { CertificatePolicies, PolicyInformation, PolicyQualifierInfo } from 'pkijs'
import { tags, type BerElement } from '../../asn1/ber.ts'
import { SequenceReader } from '../../asn1/sequence-reader.ts'
import { decodeObjectIdentifier } from '../../asn1/values.ts'
import { isObjectIdentifier } from '../../names/name-attribute.ts'
import { uriProblem } from '../../names/name-syntax.ts'
import { decodeText } from '../../names/text.ts'
import { itemsOf, type ExtensionKind } from './extension.ts'

/** A policy that a certificate was issued under (RFC 5280 §4.2.1.4). */
export interface CertificatePolicy {
  /** OBJECT IDENTIFIER in dotted form. */
  readonly policy: string
  /** URI of the Certification Practice Statement. */
  readonly cps?: string | undefined
}

const cpsQualifier = '1.3.6.1.5.5.7.2.1'

/**
 * RFC 5280 §4.2.1.4.
 *
 * @internal
 */
export const certificatePolicies: ExtensionKind<readonly CertificatePolicy[], readonly CertificatePolicy[]> =
  {
    oid: '2.5.29.32',
    critical: false,
    encode: (policies) => {
      if (policies.length === 0) return null
      if (new Set(policies.map(({ policy }) => policy)).size < policies.length) {
        throw invalidArgument('a certificate policy is given twice')
      }
      return new CertificatePolicies({ certificatePolicies: policies.map(policyInformation) })
    },
    decode: (element, name) => itemsOf(element, name).map((child) => decodePolicy(child, name)),
  }

function policyInformation({ policy: policyIdentifier, cps }: CertificatePolicy): PolicyInformation {
  if (!isObjectIdentifier(policyIdentifier)) {
    throw invalidArgument('a certificate policy is not an OBJECT IDENTIFIER')
  }
  if (cps === undefined) return new PolicyInformation({ policyIdentifier })
  const problem = uriProblem(cps)
  if (problem !== null)
    throw invalidArgument(`the CPS of the certificate policy ${policyIdentifier} ${problem}`)
  const qualifier = new IA5String({ value: cps })
  const policyQualifiers = [new PolicyQualifierInfo({ policyQualifierId: cpsQualifier, qualifier })]
  return new PolicyInformation({ policyIdentifier, policyQualifiers })
}

function decodePolicy(element: BerElement, name: string): CertificatePolicy {
  const reader = new SequenceReader(element, name)
  const policy = reader.objectIdentifier('policyIdentifier')
  for (const qualifier of reader.optional(tags.sequence)?.children ?? []) {
    const [id, value] = qualifier.children
    if (id === undefined || value === undefined || decodeObjectIdentifier(id, name) !== cpsQualifier) continue
    const cps = decodeText(value)
    if (cps !== null) return { policy, cps }
  }
  return { policy }
}
