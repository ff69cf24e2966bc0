import { relative } from 'node:path'
import { mergeConfig } from 'vitest/config'
import { BaseSequencer } from 'vitest/node'
import root from '../vitest.config.ts'
import { targets } from './targets.mjs'

const { tests, without } = targets[process.env.MUTATION_TARGET]

/** Runs the quick files first, since the first test that fails ends the run of a mutant. vitest runs the slow ones first. */
class QuickFirst extends BaseSequencer {
  async sort(files) {
    const known = ({ moduleId, project }) =>
      this.ctx.cache.getFileTestResults(`${project.name}:${relative(this.ctx.config.root, moduleId)}`)
    const cost = (file) => (known(file)?.failed ? 0 : (known(file)?.duration ?? 0))
    return files.toSorted((a, b) => cost(a) - cost(b))
  }
}

// Without its projects: a mutant that is active from the start needs modules of its own.
const { projects: _, ...test } = root.test
export default mergeConfig(
  { ...root, test },
  {
    test: {
      root: new URL('..', import.meta.url).pathname,
      include: tests.map((path) => (path.endsWith('.ts') ? path : `${path}/**/*.test.ts`)),
      exclude: ['**/node_modules/**', ...without],
      sequence: { sequencer: QuickFirst },
      // Many mutants make a test wait for ever: each costs this long.
      testTimeout: 10_000,
    },
  },
)
