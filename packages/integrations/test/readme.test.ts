import { readdirSync, readFileSync } from 'node:fs'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { expect, onTestFinished, test } from 'vitest'
import { openRing } from '../examples/ring.ts'

const folder = new URL('..', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, folder), 'utf8')

test('the README shows the examples that the tests run', () => {
  const shown = [...read('README.md').matchAll(/<!-- (\S+) -->\n\n```ts\n(.*?)```/gs)]
  expect(shown.map(([, path = '']) => path).toSorted()).toEqual(
    readdirSync(new URL('examples', folder)).map((name) => `examples/${name}`),
  )
  for (const [, path = '', code] of shown) expect(code, path).toBe(read(path))
})

test('the ring of the examples makes its key', async () => {
  const ring = await openRing(`store:${scratchFolder()}?name=signing`)
  onTestFinished(() => ring.close())
  expect(ring.signer().algorithm.name).toBe('ES256')
})
