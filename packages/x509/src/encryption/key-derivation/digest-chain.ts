/**
 * Hashes a digest repeatedly. The key derivations of PKCS#12 do this thousands of times. Node has no function for the whole
 * chain, and one call into OpenSSL takes several times as long as the hash itself. So SHA-1 and SHA-256 of a message that is as
 * long as the digest are implemented here. Node computes all other hashes.
 *
 * @param digest left as it is
 * @param times 0 returns a copy
 * @param scheduleLength of the message schedule, in words
 * @param hashState replaces the message, in words, by its hash
 */
export function digestChain(
  digest: Uint8Array,
  times: number,
  scheduleLength: number,
  hashState: (state: Int32Array, schedule: Int32Array) => void,
): Uint8Array {
  const view = new DataView(digest.buffer, digest.byteOffset, digest.byteLength)
  const state = Int32Array.from({ length: digest.length / 4 }, (_, index) => view.getInt32(4 * index))
  const schedule = new Int32Array(scheduleLength)
  for (let done = 0; done < times; done++) hashState(state, schedule)
  schedule.fill(0)
  const result = new Uint8Array(digest.length)
  const resultView = new DataView(result.buffer)
  for (const [index, word] of state.entries()) resultView.setInt32(4 * index, word)
  state.fill(0)
  return result
}

/**
 * Puts the padded message into the first 16 words of the schedule (FIPS 180-4 §5.1.1): the words, a one bit, zeros, and the
 * length in bits.
 */
export function scheduleMessage(schedule: Int32Array, message: Int32Array): void {
  const words = message.length
  schedule.set(message)
  schedule[words] = 0x80000000 | 0
  schedule.fill(0, words + 1, 15)
  schedule[15] = 32 * words
}
