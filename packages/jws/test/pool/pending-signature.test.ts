import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { PendingSignature } from '../../src/pool/pending-signature.ts'

function pending(data = Uint8Array.of(1)): { signature: PendingSignature; settled: unknown[] } {
  const settled: unknown[] = []
  const signature = new PendingSignature(
    data,
    (bytes) => settled.push(['signed', bytes]),
    (reason) => settled.push(['rejected', reason]),
  )
  return { signature, settled }
}

test('it has a copy of the data, is wanted, and no thread has it', () => {
  const data = Uint8Array.of(1, 2)
  const { signature } = pending(data)
  data.fill(0)
  expect([...signature.data]).toEqual([1, 2])
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

test.each(['resolve', 'reject'] as const)('%s ends it, and nothing listens to the signal any more', (end) => {
  const { signature, settled } = pending()
  const controller = new AbortController()
  signature.abortOn(controller.signal, () => settled.push('told'))
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1)
  const outcome = Uint8Array.of(9)
  signature[end](outcome)
  controller.abort()
  expect(settled).toEqual([[end === 'resolve' ? 'signed' : 'rejected', outcome]])
  expect(signature.isWanted).toBe(true)
})

test.each(['resolve', 'reject'] as const)('%s works without a signal', (end) => {
  const { signature, settled } = pending()
  signature[end](Uint8Array.of(9))
  expect(settled).toHaveLength(1)
})
