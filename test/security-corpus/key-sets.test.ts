import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { expectedOutcomes, outcomesOf } from './corpus.ts'
import { keySetFamilies, type Answer } from './families/key-sets.ts'
import { codeOf } from './library-outcome.ts'

test.each(keySetFamilies)('$title', async (family) => {
  let { status = 200, headers, body }: Answer = {}
  const server = createServer((_request, response) => response.writeHead(status, headers).end(body))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const outcomes = await outcomesOf(family, ({ answer, read }) => {
    ;({ status = 200, headers, body } = answer(origin))
    return codeOf(() => read(origin))
  })
  expect(outcomes).toEqual(expectedOutcomes(family))
})
