import { algorithms, type AlgorithmName, type DigestName, type SignatureAlgorithm } from '@sealwright/core'
import { aSigner, must, type Check } from '@sealwright/core/internal'
import { Null } from 'asn1js'
import { AlgorithmIdentifier, RSASSAPSSParams } from 'pkijs'
import { rsassaPssOid } from './pss-parameters.ts'

const anAlgorithm = must('one that Sealwright knows', (value) =>
  algorithms.some(({ name }) => name === value),
)

const aPublicKey = must('a public key', (value) => value === 'public')

/** A Signer of an algorithm that has an AlgorithmIdentifier here. */
export const aSignerOfX509: Check = (name, value) => {
  aSigner(name, value)
  const { algorithm, publicKey } = Object(value)
  anAlgorithm(`${name}.algorithm`, algorithm.name)
  aPublicKey(`${name}.publicKey`, publicKey.type)
}

/**
 * The X.509 half of core's algorithm table: the AlgorithmIdentifier that says, in a certificate, what it was signed with.
 * Parameters are what each algorithm's RFC wants, NULL or absent: some readers compare them byte by byte, and pkijs leaves NULL out.
 */
const signatureIdentifiers: Readonly<Record<AlgorithmName, () => AlgorithmIdentifier>> = {
  // sha*WithRSAEncryption, RFC 4055 §5: "the parameters field MUST contain NULL".
  RS256: () => withNull('1.2.840.113549.1.1.11'),
  RS384: () => withNull('1.2.840.113549.1.1.12'),
  RS512: () => withNull('1.2.840.113549.1.1.13'),
  PS256: () => rsassaPss('sha256', 32),
  PS384: () => rsassaPss('sha384', 48),
  PS512: () => rsassaPss('sha512', 64),
  // ecdsa-with-SHA*, RFC 5758 §3.2: "the encoding MUST omit the parameters field".
  ES256: () => withoutParameters('1.2.840.10045.4.3.2'),
  ES384: () => withoutParameters('1.2.840.10045.4.3.3'),
  ES512: () => withoutParameters('1.2.840.10045.4.3.4'),
  // The key determines the curve: secp256k1 signs under the same OID as P-256.
  ES256K: () => withoutParameters('1.2.840.10045.4.3.2'),
  // id-Ed25519, RFC 8410 §3: "the parameters MUST be absent".
  Ed25519: () => withoutParameters('1.3.101.112'),
  EdDSA: () => withoutParameters('1.3.101.112'),
  // id-ml-dsa-*, RFC 9881 §2: "the parameters component MUST be absent".
  'ML-DSA-44': () => withoutParameters('2.16.840.1.101.3.4.3.17'),
  'ML-DSA-65': () => withoutParameters('2.16.840.1.101.3.4.3.18'),
  'ML-DSA-87': () => withoutParameters('2.16.840.1.101.3.4.3.19'),
}

/**
 * The AlgorithmIdentifier (RFC 5280 §4.1.1.2) of a signature algorithm.
 *
 * @returns a new object: pkijs's objects can be changed
 */
export function signatureAlgorithmIdentifier({ name }: SignatureAlgorithm): AlgorithmIdentifier {
  return signatureIdentifiers[name]()
}

/**
 * id-RSASSA-PSS with RSASSA-PSS-params (RFC 4055 §3.1). The trailer field has its DEFAULT, which DER leaves out. The hash
 * identifiers carry NULL, as in §6 of that RFC.
 */
function rsassaPss(digest: DigestName, saltLength: number): AlgorithmIdentifier {
  const hashOids = {
    sha256: '2.16.840.1.101.3.4.2.1',
    sha384: '2.16.840.1.101.3.4.2.2',
    sha512: '2.16.840.1.101.3.4.2.3',
  } as const
  const hashAlgorithm = withNull(hashOids[digest])
  return new AlgorithmIdentifier({
    algorithmId: rsassaPssOid,
    algorithmParams: new RSASSAPSSParams({
      hashAlgorithm,
      maskGenAlgorithm: new AlgorithmIdentifier({
        algorithmId: '1.2.840.113549.1.1.8',
        algorithmParams: hashAlgorithm.toSchema(),
      }),
      saltLength,
    }).toSchema(),
  })
}

export function withNull(algorithmId: string): AlgorithmIdentifier {
  return new AlgorithmIdentifier({ algorithmId, algorithmParams: new Null() })
}

function withoutParameters(algorithmId: string): AlgorithmIdentifier {
  return new AlgorithmIdentifier({ algorithmId })
}
