import { mergeConfig } from 'vitest/config'
import root from '../vitest.config.ts'
import { targets } from './targets.mjs'

const { tests, without } = targets[process.env.MUTATION_TARGET]

// Without its projects: a mutant that is active from the start needs modules of its own.
const { projects: _, ...test } = root.test
export default mergeConfig(
  { ...root, test },
  {
    test: {
      root: new URL('..', import.meta.url).pathname,
      include: tests.map((folder) => `${folder}/**/*.test.ts`),
      exclude: ['**/node_modules/**', ...without],
      // Many mutants make a test wait for ever: each costs this long.
      testTimeout: 10_000,
    },
  },
)
