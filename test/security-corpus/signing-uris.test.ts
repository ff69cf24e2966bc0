import { expect, test } from 'vitest'
import { scratchFolder } from '../../packages/test-kit/src/folders.ts'
import { lacksModes } from '../../packages/test-kit/src/tools.ts'
import { expectedOutcomes, outcomesOf } from './corpus.ts'
import { makePlaces, signingUriFamilies } from './families/signing-uris.ts'
import { codeOf } from './library-outcome.ts'

test.skipIf(lacksModes).each(signingUriFamilies)('$title [needs POSIX modes]', async (family) => {
  const places = await makePlaces(scratchFolder())
  expect(await outcomesOf(family, (open) => codeOf(() => open(places)))).toEqual(expectedOutcomes(family))
})
