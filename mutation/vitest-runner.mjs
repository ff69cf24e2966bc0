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
    const failed = this.#failedFile()
    if (result.status !== DryRunStatus.Complete || failed === undefined) return result
    return { status: DryRunStatus.Error, errorMessage: `${failed.filepath}: ${failureOf(failed)}` }
  }

  async mutantRun(options) {
    const result = await super.mutantRun(options)
    if (result.status !== MutantRunStatus.Survived) return result
    const failed = this.#failedFile()
    if (failed === undefined) return result
    return {
      status: MutantRunStatus.Killed,
      killedBy: [failed.filepath],
      failureMessage: failureOf(failed),
      nrOfTests: result.nrOfTests,
    }
  }

  #failedFile() {
    return this.ctx.state.getFiles().find((file) => file.result?.state === 'fail')
  }
}

function failureOf(file) {
  return file.result.errors?.[0]?.message ?? 'the test file failed'
}

function createRunner(injector) {
  return injector.provideValue('globalNamespace', '__stryker__').injectClass(Runner)
}
createRunner.inject = tokens(commonTokens.injector)

export { strykerValidationSchema }
export const strykerPlugins = [declareFactoryPlugin(PluginKind.TestRunner, 'vitest', createRunner)]
