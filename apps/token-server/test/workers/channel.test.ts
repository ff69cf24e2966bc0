import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { MemoryReplayStore } from '../../src/replay/memory-store.ts'
import { Channel } from '../../src/workers/channel.ts'
import { answerCollections, peersThrough } from '../../src/workers/peers-through-primary.ts'
import { answerReplays, PrimaryReplayStore } from '../../src/workers/primary-replay-store.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const messageOf = (error: Error): string => error.message

/** Both ends of an IPC channel, which sends JSON. */
function connected(): { readonly primary: Channel; readonly worker: Channel } {
  const ends: { primary: Channel; worker: Channel } = {
    primary: new Channel((message) => ends.worker.receive(JSON.parse(JSON.stringify(message)))),
    worker: new Channel((message) => ends.primary.receive(JSON.parse(JSON.stringify(message)))),
  }
  return ends
}

test('questions have their own answers, in any order', async () => {
  const { primary, worker } = connected()
  const answers = new Map<unknown, (value: unknown) => void>()
  primary.on('twice', (data) => new Promise((resolve) => answers.set(data, resolve)))
  const [first, second] = [worker.ask('twice', 1), worker.ask('twice', 2)]
  await vi.advanceTimersByTimeAsync(0)
  answers.get(2)?.(4)
  answers.get(1)?.(2)
  expect(await Promise.all([first, second])).toEqual([2, 4])
})

test('a question that has no answer in time is given up, and a late answer changes nothing', async () => {
  const { primary, worker } = connected()
  primary.on('slow', () => new Promise((resolve) => setTimeout(() => resolve('late'), 3_000)))
  const asked = worker.ask('slow').catch(messageOf)
  await vi.advanceTimersByTimeAsync(3_000)
  expect(await asked).toBe('no answer about slow within 2000 ms')
})

test('a handler that fails, one that is missing, and an end that is gone', async () => {
  const { primary, worker } = connected()
  primary.on('fails', () => {
    throw new Error('the reason')
  })
  await expect(worker.ask('fails')).rejects.toThrow('the reason')
  await expect(worker.ask('missing')).rejects.toThrow('there is no missing here')
  primary.on('never', () => new Promise(() => undefined))
  const asked = worker.ask('never').catch(messageOf)
  worker.close()
  expect(await asked).toBe('the process has ended')
})

test.each([null, 7, 'ready', {}, { kind: 'answer' }, { kind: 'answer', number: 99 }, { cmd: 'NODE_1' }])(
  'the message %j of someone else is passed over',
  (message) => {
    const { primary } = connected()
    expect(() => primary.receive(message)).not.toThrow()
  },
)

test('what one worker has used is used for all', async () => {
  const store = new MemoryReplayStore({ lifetime: 60_000, limit: 2 })
  const stores = [connected(), connected()].map(({ primary, worker }) => {
    answerReplays(primary, store)
    return new PrimaryReplayStore(worker)
  })
  const expires = Date.now() + 30_000
  const use = async (id: string, clientId = 'client'): Promise<string[]> => {
    const uses = await Promise.all(stores.map((each) => each.use(clientId, id, expires)))
    return uses.map(({ kind }) => kind)
  }
  expect(await use('a')).toEqual(['first', 'replay'])
  expect(await use('b')).toEqual(['first', 'replay'])
  expect(await use('c')).toEqual(['full', 'full'])
  expect(await use('a', 'another')).toEqual(['first', 'replay'])
})

test('a primary that does not answer leaves it open whether an identifier was used', async () => {
  const { worker } = connected()
  const silent = new Channel(() => undefined)
  await expect(new PrimaryReplayStore(worker).use('client', 'a', 0)).rejects.toThrow(
    'there is no replay here',
  )
  const asked = new PrimaryReplayStore(silent).use('client', 'a', 0).catch(messageOf)
  await vi.advanceTimersByTimeAsync(2_000)
  expect(await asked).toBe('no answer about replay within 2000 ms')
})

test('peers collect what each of them knows, without those that do not answer', async () => {
  const ends = [connected(), connected(), connected()]
  const channels = new Map(ends.map(({ primary }, index) => [index + 1, primary]))
  for (const { primary } of ends) answerCollections(primary, () => channels)
  const [one, two, three] = ends.map(({ worker }) => peersThrough(worker))
  one?.answer('count', () => 11)
  two?.answer('count', () => new Promise(() => undefined))
  three?.answer('count', () => 33)
  const collected = one?.collect('count')
  await vi.advanceTimersByTimeAsync(1_000)
  expect(await collected).toEqual([
    { worker: 1, value: 11 },
    { worker: 3, value: 33 },
  ])
  expect(await three?.collect('nothing')).toEqual([])
})
