import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/**
 * EMSA-PSS-ENCODE for a digest that has been computed already (RFC 8017 §9.1.1), with MGF1 and a salt as long as
 * the digest (RFC 7518 §3.5). node:crypto only takes the message itself.
 *
 * @param bits length of the modulus
 * @returns as many bytes as the modulus has, to be put through the RSA primitive without padding
 */
export function encodePss(digest: Uint8Array, hash: string, bits: number): Buffer {
  const emBits = bits - 1
  const emLength = Math.ceil(emBits / 8)
  const salt = randomBytes(digest.length)
  const h = hashOf(hash, Buffer.alloc(8), digest, salt)
  const db = Buffer.alloc(emLength - h.length - 1)
  db[db.length - salt.length - 1] = 1
  salt.copy(db, db.length - salt.length)
  xorInto(db, mgf1(h, db.length, hash))
  clearLeadingBits(db, 8 * emLength - emBits)
  const encoded = Buffer.concat([db, h, Buffer.of(0xbc)])
  return leftPad(encoded, Math.ceil(bits / 8))
}

/**
 * EMSA-PSS-VERIFY (RFC 8017 §9.1.2).
 *
 * @param encoded the result of the RSA primitive
 */
export function verifyPss(encoded: Uint8Array, digest: Uint8Array, hash: string, bits: number): boolean {
  const emBits = bits - 1
  const emLength = Math.ceil(emBits / 8)
  const em = Buffer.from(encoded).subarray(encoded.length - emLength)
  if (em.at(-1) !== 0xbc) return false
  const h = em.subarray(em.length - 1 - digest.length, em.length - 1)
  const db = Buffer.from(em.subarray(0, em.length - 1 - digest.length))
  xorInto(db, mgf1(h, db.length, hash))
  clearLeadingBits(db, 8 * emLength - emBits)
  const saltAt = db.length - digest.length
  if (db[saltAt - 1] !== 1 || db.subarray(0, saltAt - 1).some((byte) => byte !== 0)) return false
  return timingSafeEqual(h, hashOf(hash, Buffer.alloc(8), digest, db.subarray(saltAt)))
}

/** MGF1 (RFC 8017 App. B.2.1). */
function mgf1(seed: Uint8Array, length: number, hash: string): Buffer {
  const blocks: Buffer[] = []
  for (let counter = 0, made = 0; made < length; counter++) {
    const counterBytes = Buffer.alloc(4)
    counterBytes.writeUInt32BE(counter)
    const block = hashOf(hash, seed, counterBytes)
    blocks.push(block)
    made += block.length
  }
  return Buffer.concat(blocks).subarray(0, length)
}

function hashOf(hash: string, ...parts: Uint8Array[]): Buffer {
  const hasher = createHash(hash)
  for (const part of parts) hasher.update(part)
  return hasher.digest()
}

function xorInto(target: Buffer, mask: Buffer): void {
  for (let i = 0; i < target.length; i++) target[i] = (target[i] ?? 0) ^ (mask[i] ?? 0)
}

function clearLeadingBits(buffer: Buffer, count: number): void {
  buffer[0] = (buffer[0] ?? 0) & (0xff >> count)
}

function leftPad(bytes: Buffer, length: number): Buffer {
  return Buffer.concat([Buffer.alloc(length - bytes.length), bytes])
}
