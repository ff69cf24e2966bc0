import { dataStart, words } from './batch.ts'

/**
 * The program of a thread: it signs the batches in the memories that it shares with the pool. A key stays with the thread until it is told
 * to forget it. The program is a string for two reasons: bundlers need no second entry point, and tools that rewrite functions (coverage,
 * compilers' helpers) cannot add names that the thread does not have. A test checks it against the types of the protocol.
 */
export const threadProgram: string = `'use strict'
const { parentPort } = process.getBuiltinModule('node:worker_threads')
const { sign } = process.getBuiltinModule('node:crypto')
const { performance } = process.getBuiltinModule('node:perf_hooks')
/** @type {Map<number, WorkerKey>} */
const keys = new Map()
/** @type {Map<number, { words: Uint32Array, bytes: Buffer }>} */
const memories = new Map()
/** Room for R and S of P-521. */
const scratch = Buffer.alloc(132)
const dot = 0x2e

parentPort.on('message', (/** @type {ThreadMessage} */ message) => {
  if (typeof message === 'number') parentPort.postMessage(signBatch(message))
  else if ('add' in message) keys.set(message.add, message.key)
  else if ('forget' in message) keys.delete(message.forget)
  else {
    const { memory } = message
    memories.set(message.share, { words: new Uint32Array(memory), bytes: Buffer.from(memory) })
  }
})

/** @param {number} memory @returns {BatchResult} */
function signBatch(memory) {
  const start = performance.now()
  try {
    const { words, bytes } = memories.get(memory)
    const key = keys.get(words[${words.key}])
    if (words[${words.prefixLength}] === 0) makeSignatures(words, bytes, key)
    else makeTokens(words, bytes, key)
    return performance.now() - start
  } catch (error) {
    return { error }
  }
}

/** @param {Uint32Array} words @param {Buffer} bytes @param {WorkerKey} key */
function makeSignatures(words, bytes, { key, digest, coordinateLength, signatureLength }) {
  let start = ${dataStart}
  let result = words[${words.results}]
  const count = words[${words.count}]
  for (let index = 0; index < count; index++) {
    const end = start + words[${words.lengths} + index]
    const signature = sign(digest, bytes.subarray(start, end), key)
    if (coordinateLength === null) bytes.set(signature, result)
    else writeCoordinates(signature, coordinateLength, bytes, result)
    start = end
    result += signatureLength
  }
}

/** @param {Uint32Array} words @param {Buffer} bytes @param {WorkerKey} key */
function makeTokens(words, bytes, { key, digest, coordinateLength, signatureLength }) {
  const dataEnd = ${dataStart} + words[${words.prefixLength}]
  let start = dataEnd
  let result = words[${words.results}]
  const count = words[${words.count}]
  for (let index = 0; index < count; index++) {
    const end = start + words[${words.lengths} + index]
    const token = result
    result += bytes.copy(bytes, result, ${dataStart}, dataEnd)
    result += bytes.write(bytes.toString('base64url', start, end), result, 'latin1')
    let signature = sign(digest, bytes.subarray(token, result), key)
    if (coordinateLength !== null) {
      writeCoordinates(signature, coordinateLength, scratch, 0)
      signature = scratch
    }
    bytes[result++] = dot
    result += bytes.write(signature.toString('base64url', 0, signatureLength), result, 'latin1')
    words[${words.lengths} + index] = result - token
    start = end
  }
}

/**
 * Writes R and S of a signature that OpenSSL made in DER (RFC 3279 section 2.2.3), each in coordinateLength bytes.
 *
 * @param {Buffer} der @param {number} coordinateLength @param {Buffer} target @param {number} offset
 */
function writeCoordinates(der, coordinateLength, target, offset) {
  // The length of the sequence has two bytes from 128 on, which only P-521 reaches.
  let start = der[1] === 0x81 ? 3 : 2
  for (let number = 0; number < 2; number++) {
    const first = start + 2
    let from = first + der[start + 1]
    start = from
    // An integer has a zero in front when its first bit is set, and is short when it begins with zeros.
    for (let to = offset + coordinateLength - 1; to >= offset; to--) target[to] = --from < first ? 0 : der[from]
    if (from > first && der[first] !== 0) throw new Error('an ECDSA signature has a number that is too long')
    offset += coordinateLength
  }
  if (der[0] !== 0x30 || start !== der.length) throw new Error('an ECDSA signature is not in DER')
}
`
