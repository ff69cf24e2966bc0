import { describe, expect, test } from 'vitest'
import { PendingSignature } from '../../src/pool/pending-signature.ts'
import { SignatureQueue } from '../../src/pool/signature-queue.ts'

function pending(length = 1, signal?: AbortSignal, prefix = ''): PendingSignature {
  const signature = new PendingSignature(
    new Uint8Array(length),
    prefix,
    () => undefined,
    () => undefined,
  )
  if (signal !== undefined) signature.abortOn(signal, () => undefined)
  return signature
}

function aborted(): PendingSignature {
  const controller = new AbortController()
  const signature = pending(1, controller.signal)
  controller.abort()
  return signature
}

function lineOf(...signatures: readonly PendingSignature[]): SignatureQueue {
  const line = new SignatureQueue()
  for (const signature of signatures) line.push(signature)
  return line
}

describe('taking', () => {
  test('ends where another kind begins', () => {
    const kinds = ['a.', 'a.', '', 'b.'].map((prefix) => pending(1, undefined, prefix))
    const line = lineOf(...kinds)
    expect(line.take(9)).toEqual(kinds.slice(0, 2))
    expect(line.take(9)).toEqual(kinds.slice(2, 3))
    expect(line.take(9)).toEqual(kinds.slice(3))
    expect(line.length).toBe(0)
  })

  test('is in order, as many as are asked for, and those that come back are first', () => {
    const [a, b, c] = [pending(), pending(), pending()]
    const line = lineOf(a, b, c)
    expect(line.take(2)).toEqual([a, b])
    expect(line.length).toBe(1)
    line.unshift([a, b])
    expect(line.take(9)).toEqual([a, b, c])
    expect([line.length, line.take(1)]).toEqual([0, []])
  })

  test('passes over what was aborted, and drops it', () => {
    const [a, b] = [pending(), pending()]
    const line = lineOf(aborted(), a, aborted(), aborted(), b, aborted())
    expect(line.take(2)).toEqual([a, b])
    expect(line.length).toBe(1)
    expect(line.take(1)).toEqual([])
    expect(line.length).toBe(0)
  })

  test('ends once it has a mebibyte', () => {
    const [large, almost, small, other] = [
      pending(1024 * 1024),
      pending(1024 * 1024 - 1),
      pending(1),
      pending(),
    ]
    expect(lineOf(large, small).take(9)).toEqual([large])
    const line = lineOf(almost, small, other)
    expect(line.take(9)).toEqual([almost, small])
    expect(line.length).toBe(1)
  })
})

test('those that fit are taken from anywhere, and the aborted ones go with them', () => {
  const [a, b, c] = [pending(), pending(), pending()]
  const line = lineOf(a, aborted(), b, c)
  expect(line.takeWhere(() => false)).toEqual([])
  expect(line.length).toBe(4)
  expect(line.takeWhere((each) => each === b)).toEqual([b])
  expect(line.length).toBe(2)
  expect(line.take(9)).toEqual([a, c])
  const gone = lineOf(aborted())
  expect(gone.takeWhere(() => true)).toEqual([])
})

test('aborted ones are dropped once they are more than the wanted ones and 64', () => {
  const kept = [pending(), pending()]
  const many = Array.from({ length: 66 }, aborted)
  const line = lineOf(...kept, ...many)
  line.prune(2)
  expect(line.length).toBe(68)
  line.push(aborted())
  line.prune(2)
  expect(line.length).toBe(2)
  expect(line.take(9)).toEqual(kept)
})

test('the end of a thread counts for all', () => {
  const [a, b] = [pending(), pending()]
  const line = lineOf(a, b)
  line.countDeath()
  line.countDeath()
  expect([a.deaths, b.deaths]).toEqual([2, 2])
})
