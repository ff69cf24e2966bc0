import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { PendingSignature } from '../../src/pool/pending-signature.ts'

function pending(data = Uint8Array.of(1)): { signature: PendingSignature; settled: unknown[] } {
  const settled: unknown[] = []
  const signature = new PendingSignature(
    data,
    '',
    (bytes, start, end) => settled.push(['signed', bytes, start, end]),
    (reason) => settled.push(['rejected', reason]),
  )
  return { signature, settled }
}

test('it has a copy of the data, is wanted, and no thread has it', () => {
  const data = Uint8Array.of(1, 2)
  const { signature } = pending(data)
  data.fill(0)
  expect(signature.data).toEqual(Buffer.of(1, 2))
  expect(signature).toMatchObject({ isWanted: true, isSent: false, deaths: 0 })
})

test('an abort rejects it with the reason, then tells', () => {
  const { signature, settled } = pending()
  const controller = new AbortController()
  signature.abortOn(controller.signal, (each) => {
    settled.push(['told', each === signature, each.isWanted])
  })
  controller.abort('enough')
  expect(settled).toEqual([
    ['rejected', 'enough'],
    ['told', true, false],
  ])
  expect(getEventListeners(controller.signal, 'abort')).toEqual([])
})

test('a payload stays text, and has the prefix of its token', () => {
  const signature = new PendingSignature(
    '{}',
    'e30.',
    () => undefined,
    () => undefined,
  )
  expect(signature).toMatchObject({ data: '{}', prefix: 'e30.' })
})

const bytes = Buffer.of(9)
const ends: readonly [string, (signature: PendingSignature) => void, unknown][] = [
  ['resolve', (signature) => signature.resolve(bytes, 0, 1), ['signed', bytes, 0, 1]],
  ['reject', (signature) => signature.reject('why'), ['rejected', 'why']],
]

test.each(ends)('%s ends it, and nothing listens to the signal any more', (_, end, outcome) => {
  const { signature, settled } = pending()
  const controller = new AbortController()
  signature.abortOn(controller.signal, () => settled.push('told'))
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1)
  end(signature)
  controller.abort()
  expect(settled).toEqual([outcome])
  expect(signature.isWanted).toBe(true)
})

test.each(ends)('%s works without a signal', (_, end, outcome) => {
  const { signature, settled } = pending()
  end(signature)
  expect(settled).toEqual([outcome])
})
