import { digestChain, scheduleMessage } from './digest-chain.ts'

/**
 * Hashes a SHA-1 digest repeatedly; see {@link digestChain}. Older software derives all keys of a PFX file with it. 50,000 to
 * 100,000 iterations are common. With 50,000 a file opens in 0.1 s of processor time. With one call into OpenSSL
 * for each iteration it takes 0.4 s on Node 20, 0.5 s on Node 24 and 0.6 s on Node 26.
 *
 * `| 0` keeps sums in 32 bits, as the standard requires, and in integer registers.
 *
 * @param digest 20 bytes; left as it is
 * @param times 0 returns a copy
 */
export function sha1Chain(digest: Uint8Array, times: number): Uint8Array {
  return digestChain(digest, times, 80, hashState)
}

/** FIPS 180-4 §6.1.2 for one block: `state`, padded, is the message, and then holds its hash. */
function hashState(state: Int32Array, schedule: Int32Array): void {
  scheduleMessage(schedule, state)
  for (let t = 16; t < 80; t++) {
    const word = schedule[t - 3]! ^ schedule[t - 8]! ^ schedule[t - 14]! ^ schedule[t - 16]!
    schedule[t] = (word << 1) | (word >>> 31)
  }

  let a = 0x67452301 | 0
  let b = 0xefcdab89 | 0
  let c = 0x98badcfe | 0
  let d = 0x10325476 | 0
  let e = 0xc3d2e1f0 | 0
  let t = 0
  // §4.1.1 and §4.2.1: a function and a constant for each 20 steps.
  for (; t < 20; t++) {
    const sum = (((a << 5) | (a >>> 27)) + ((b & c) ^ (~b & d)) + e + 0x5a827999 + schedule[t]!) | 0
    e = d
    d = c
    c = (b << 30) | (b >>> 2)
    b = a
    a = sum
  }
  for (; t < 40; t++) {
    const sum = (((a << 5) | (a >>> 27)) + (b ^ c ^ d) + e + 0x6ed9eba1 + schedule[t]!) | 0
    e = d
    d = c
    c = (b << 30) | (b >>> 2)
    b = a
    a = sum
  }
  for (; t < 60; t++) {
    const sum = (((a << 5) | (a >>> 27)) + ((b & c) ^ (b & d) ^ (c & d)) + e + 0x8f1bbcdc + schedule[t]!) | 0
    e = d
    d = c
    c = (b << 30) | (b >>> 2)
    b = a
    a = sum
  }
  for (; t < 80; t++) {
    const sum = (((a << 5) | (a >>> 27)) + (b ^ c ^ d) + e + 0xca62c1d6 + schedule[t]!) | 0
    e = d
    d = c
    c = (b << 30) | (b >>> 2)
    b = a
    a = sum
  }
  state[0] = (0x67452301 + a) | 0
  state[1] = (0xefcdab89 + b) | 0
  state[2] = (0x98badcfe + c) | 0
  state[3] = (0x10325476 + d) | 0
  state[4] = (0xc3d2e1f0 + e) | 0
}
