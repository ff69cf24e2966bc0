import { expect, test } from 'vitest'
import { expectedOutcomes, outcomesOf } from './corpus.ts'
import { keyFileFamilies, makeDocuments } from './families/key-files.ts'
import { codeOf } from './library-outcome.ts'

test.each(keyFileFamilies)('$title', async (family) => {
  const documents = await makeDocuments()
  expect(await outcomesOf(family, (read) => codeOf(() => read(documents)))).toEqual(expectedOutcomes(family))
})
