import { TimeSlices } from '../time-slices.ts'

/**
 * RC2 (RFC 2268). It decrypts certificates in PFX files of old software. Nothing is encrypted with it. OpenSSL 3 has RC2 only in
 * its legacy provider, which Node does not load. npm packages with RC2 are whole cryptographic libraries.
 */

/**
 * Decrypts in CBC mode and removes the padding of RFC 8018 §6.1.1. Runs in {@link TimeSlices}.
 *
 * @param key 1 to 128 bytes
 * @param effectiveBits to which RFC 2268 §2 reduces the key: 1 to 1024
 * @param vector 8 bytes
 * @returns a new array
 * @throws RangeError for a ciphertext that is not whole blocks, or wrong padding; or the signal's reason
 */
export async function decryptRc2Cbc(
  key: Uint8Array,
  effectiveBits: number,
  vector: Uint8Array,
  ciphertext: Uint8Array,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  if (ciphertext.length === 0 || ciphertext.length % blockLength !== 0) {
    throw new RangeError('the ciphertext is not made of whole blocks')
  }
  const schedule = expandKey(key, effectiveBits)
  const plaintext = new Uint8Array(ciphertext.length)
  try {
    const slices = new TimeSlices(signal)
    for (let at = 0; at < ciphertext.length; at += bytesPerPause) {
      // The loop yields to the event loop on purpose.
      // oxlint-disable-next-line no-await-in-loop
      await slices.pause()
      decryptBlocks(
        ciphertext,
        vector,
        schedule,
        plaintext,
        at,
        Math.min(at + bytesPerPause, ciphertext.length),
      )
    }
    return withoutPadding(plaintext)
  } catch (error) {
    plaintext.fill(0)
    throw error
  } finally {
    schedule.fill(0)
  }
}

/** RC2 decrypts this many bytes in less than a millisecond. A whole number of blocks. */
const bytesPerPause = 4096

/** Decrypts the blocks from `start` to `end`. Each is combined with the ciphertext of the block before (CBC). */
function decryptBlocks(
  ciphertext: Uint8Array,
  vector: Uint8Array,
  schedule: Uint16Array,
  plaintext: Uint8Array,
  start: number,
  end: number,
): void {
  const words = new Uint16Array(4)
  let previous = start === 0 ? vector : ciphertext.subarray(start - blockLength, start)
  for (let at = start; at < end; at += blockLength) {
    const block = ciphertext.subarray(at, at + blockLength)
    for (let word = 0; word < 4; word++) words[word] = block[2 * word]! | (block[2 * word + 1]! << 8)
    decryptBlock(words, schedule)
    for (let index = 0; index < blockLength; index++) {
      plaintext[at + index] = (words[index >> 1]! >> (8 * (index & 1))) ^ previous[index]!
    }
    previous = block
  }
  words.fill(0)
}

/** @throws RangeError */
function withoutPadding(plaintext: Uint8Array): Uint8Array {
  const padding = plaintext.at(-1) ?? 0
  if (
    padding < 1 ||
    padding > blockLength ||
    !plaintext.subarray(-padding).every((byte) => byte === padding)
  ) {
    throw new RangeError('the padding is wrong')
  }
  return plaintext.subarray(0, plaintext.length - padding)
}

const blockLength = 8

/** RFC 2268 §2: 64 words of 16 bits. */
function expandKey(key: Uint8Array, effectiveBits: number): Uint16Array {
  const bytes = new Uint8Array(128)
  bytes.set(key)
  for (let at = key.length; at < 128; at++)
    bytes[at] = piTable[(bytes[at - 1]! + bytes[at - key.length]!) & 0xff]!
  const effectiveBytes = Math.ceil(effectiveBits / 8)
  const mask = 0xff >> (8 * effectiveBytes - effectiveBits)
  bytes[128 - effectiveBytes] = piTable[bytes[128 - effectiveBytes]! & mask]!
  for (let at = 127 - effectiveBytes; at >= 0; at--) {
    bytes[at] = piTable[bytes[at + 1]! ^ bytes[at + effectiveBytes]!]!
  }
  const words = Uint16Array.from({ length: 64 }, (_, word) => bytes[2 * word]! | (bytes[2 * word + 1]! << 8))
  bytes.fill(0)
  return words
}

const rotations = [1, 2, 3, 5] as const

/** RFC 2268 §4: the rounds of §3 backwards, with two r-mashing rounds after the fifth and the eleventh. */
function decryptBlock(words: Uint16Array, schedule: Uint16Array): void {
  for (let round = 15; round >= 0; round--) {
    for (let index = 3; index >= 0; index--) {
      const [one, two, three] = [words[(index + 3) & 3]!, words[(index + 2) & 3]!, words[(index + 1) & 3]!]
      const rotation = rotations[index]!
      const rotated = (words[index]! >>> rotation) | (words[index]! << (16 - rotation))
      words[index] = rotated - schedule[4 * round + index]! - (one & two) - (~one & three)
    }
    if (round === 11 || round === 5) {
      for (let index = 3; index >= 0; index--) {
        words[index] = words[index]! - schedule[words[(index + 3) & 3]! & 63]!
      }
    }
  }
}

/** RFC 2268 §2: a permutation of the bytes, from the digits of π. */
const piDigits =
  'd978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2' +
  '179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82' +
  '54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626' +
  '6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7' +
  '08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec' +
  'c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731' +
  '2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9' +
  '0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad'
const piTable: Uint8Array = Buffer.from(piDigits, 'hex')
