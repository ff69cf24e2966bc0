import { createHmac, sign, type KeyObject } from 'node:crypto'

/** Text that goes into a JWS as it is, or a value that JSON is made of. */
export type Part = string | Uint8Array | object

/** Makes the signature of a signing input. */
export type MakeSignature = (input: Buffer) => Uint8Array

/** A JWS in the compact serialization (RFC 7515 §7.1) of any parts. It shares no code with what verifies it. */
export function compact(header: Part, payload: Part, signature: MakeSignature): string {
  const input = `${encodePart(header)}.${encodePart(payload)}`
  return `${input}.${Buffer.from(signature(Buffer.from(input))).toString('base64url')}`
}

function encodePart(part: Part): string {
  const bytes = typeof part === 'string' || part instanceof Uint8Array ? part : JSON.stringify(part)
  return Buffer.from(bytes).toString('base64url')
}

/** ES256 (RFC 7518 §3.4). */
export const es256 =
  (key: KeyObject): MakeSignature =>
  (input) =>
    sign('sha256', input, { key, dsaEncoding: 'ieee-p1363' })

/** RS256 (RFC 7518 §3.3). */
export const rs256 =
  (key: KeyObject): MakeSignature =>
  (input) =>
    sign('sha256', input, key)

/** EdDSA with Ed25519 (RFC 8037 §3.1). */
export const ed25519 =
  (key: KeyObject): MakeSignature =>
  (input) =>
    sign(null, input, key)

/** HS256 (RFC 7518 §3.2). */
export const hs256 =
  (secret: string | Uint8Array): MakeSignature =>
  (input) =>
    createHmac('sha256', secret).update(input).digest()

/** Those bytes, whatever is signed. */
export const fixed =
  (bytes: Uint8Array | readonly number[]): MakeSignature =>
  () =>
    Uint8Array.from(bytes)

/** A signature that was changed after it was made. */
export const changed =
  (make: MakeSignature, change: (signature: Buffer) => Uint8Array): MakeSignature =>
  (input) =>
    change(Buffer.from(make(input)))

/** The order of the base point of P-256 (SP 800-186 §3.2.1.3). */
export const orderOfP256: bigint = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/** The order of the base point of edwards25519 (RFC 8032 §5.1). */
export const orderOfEd25519: bigint = 2n ** 252n + 27742317777372353535851937790883648493n

/** A number in 32 bytes, the most significant first. */
export function bytes32(number: bigint): Buffer {
  return Buffer.from(number.toString(16).padStart(64, '0'), 'hex')
}
