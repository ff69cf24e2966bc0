/**
 * RC2 decryption in CBC mode with PKCS#7 padding (RFC 2268), for reading the PKCS#12 files that old Windows, Java
 * and OpenSSL wrote, and that the service takes. OpenSSL 3 has it in a provider that Node does not load.
 *
 * @param effectiveBits T1 of RFC 2268 §2: 40 or 128 in PKCS#12
 * @throws Error when the padding is wrong, as it is after a wrong key
 */
export function decryptRc2(key: Uint8Array, effectiveBits: number, iv: Uint8Array, data: Uint8Array): Buffer {
  const words = expandKey(key, effectiveBits)
  const plain = Buffer.alloc(data.length)
  let previous = iv
  for (let at = 0; at + 8 <= data.length; at += 8) {
    const block = data.subarray(at, at + 8)
    decryptBlock(words, block).forEach((byte, i) => {
      plain[at + i] = byte ^ (previous[i] ?? 0)
    })
    previous = block
  }
  const padding = plain.at(-1) ?? 0
  const start = plain.length - padding
  const isPadded = padding >= 1 && padding <= 8 && plain.subarray(start).every((byte) => byte === padding)
  if (data.length % 8 !== 0 || !isPadded) throw new Error('bad decrypt')
  return plain.subarray(0, start)
}

/** PITABLE (RFC 2268 §2). */
const piTable = Buffer.from(
  'd978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2' +
    '179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82' +
    '54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626' +
    '6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7' +
    '08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec' +
    'c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731' +
    '2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9' +
    '0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad',
  'hex',
)

function pi(index: number): number {
  return piTable[index & 0xff] ?? 0
}

/** Key expansion (RFC 2268 §2): 64 words. */
function expandKey(key: Uint8Array, effectiveBits: number): Uint16Array {
  const l = Buffer.alloc(128)
  l.set(key)
  const at = (index: number): number => l[index] ?? 0
  for (let i = key.length; i < 128; i++) l[i] = pi(at(i - 1) + at(i - key.length))
  const t8 = Math.ceil(effectiveBits / 8)
  const mask = 0xff % 2 ** (8 + effectiveBits - 8 * t8)
  l[128 - t8] = pi(at(128 - t8) & mask)
  for (let i = 127 - t8; i >= 0; i--) l[i] = pi(at(i + 1) ^ at(i + t8))
  return Uint16Array.from({ length: 64 }, (_, i) => l.readUInt16LE(2 * i))
}

/** One block (RFC 2268 §4). */
function decryptBlock(key: Uint16Array, block: Uint8Array): Uint8Array {
  const shifts = [1, 2, 3, 5]
  const bytes = Buffer.from(block)
  const r = Uint16Array.from({ length: 4 }, (_, i) => bytes.readUInt16LE(2 * i))
  const word = (index: number): number => r[(index + 4) % 4] ?? 0
  for (let round = 15; round >= 0; round--) {
    for (let i = 3; i >= 0; i--) {
      const rotation = shifts[i] ?? 0
      const rotated = (word(i) >>> rotation) | (word(i) << (16 - rotation))
      const mixed = (word(i - 1) & word(i - 2)) + (~word(i - 1) & word(i - 3))
      r[i] = rotated - (key[4 * round + i] ?? 0) - mixed
    }
    // A mashing round after the mixing rounds 11 and 5, counted from the end.
    if (round === 11 || round === 5) {
      for (let i = 3; i >= 0; i--) r[i] = word(i) - (key[word(i - 1) & 63] ?? 0)
    }
  }
  r.forEach((value, i) => bytes.writeUInt16LE(value, 2 * i))
  return bytes
}
