// Stryker's vitest runner with two changes: it can run the tests in processes, and a test file that cannot be loaded
// counts as failed. (Stryker looks at tests only: a mutant that throws while a module is loaded would survive.)
import { commonTokens, declareFactoryPlugin, PluginKind, tokens } from '@stryker-mutator/api/plugin'
import { DryRunStatus, MutantRunStatus } from '@stryker-mutator/api/test-runner'
import { strykerValidationSchema } from '@stryker-mutator/vitest-runner'
import { targets } from './targets.mjs'

// They are not exported by the package.
const inside = new URL('.', import.meta.resolve('@stryker-mutator/vitest-runner'))
const { VitestTestRunner } = await import(new URL('vitest-test-runner.js', inside).href)
const { vitestWrapper } = await import(new URL('vitest-wrapper.js', inside).href)

const { createVitest } = vitestWrapper
const { pool = 'threads' } = targets[process.env.MUTATION_TARGET]
vitestWrapper.createVitest = (mode, options) => createVitest(mode, { ...options, pool })

class Runner extends VitestTestRunner {
  async dryRun(options) {
    const result = await super.dryRun(options)
    const failures = this.#failures()
    if (result.status !== DryRunStatus.Complete || failures.length === 0) return result
    return { status: DryRunStatus.Error, errorMessage: failures.map(({ message }) => message).join('\n\t') }
  }

  async mutantRun(options) {
    const result = await super.mutantRun(options)
    if (result.status !== MutantRunStatus.Survived) return result
    const [failure] = this.#failures()
    if (failure === undefined) return result
    return {
      status: MutantRunStatus.Killed,
      killedBy: [failure.file],
      failureMessage: failure.message,
      nrOfTests: result.nrOfTests,
    }
  }

  #failures() {
    return this.ctx.state
      .getFiles()
      .flatMap((file) => failuresIn(file, file.filepath).map((message) => ({ file: file.filepath, message })))
  }
}

/** What failed in a file, a group or a test: where, and with which error. A file fails with its tests, and has no error then. */
function failuresIn(task, place) {
  if (task.result?.state !== 'fail') return []
  const below = (task.tasks ?? []).flatMap((each) => failuresIn(each, `${place} > ${each.name}`))
  const own = (task.result.errors ?? []).map(({ message }) => `${place}: ${message}`)
  const all = [...own, ...below]
  return all.length > 0 ? all : [`${place}: failed`]
}

function createRunner(injector) {
  return injector.provideValue('globalNamespace', '__stryker__').injectClass(Runner)
}
createRunner.inject = tokens(commonTokens.injector)

export { strykerValidationSchema }
export const strykerPlugins = [declareFactoryPlugin(PluginKind.TestRunner, 'vitest', createRunner)]
