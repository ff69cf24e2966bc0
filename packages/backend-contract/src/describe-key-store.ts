import { capabilities, deleting, exporting, importing } from './rules/capabilities.ts'
import { creating } from './rules/creating.ts'
import { reading } from './rules/reading.ts'
import { signing } from './rules/signing.ts'
import { disabling, rotating } from './rules/versions.ts'
import type { Capabilities, MakeStore, Rule } from './subject.ts'

/** The two functions of a test runner; vitest's, `node:test`'s, Jest's and Mocha's are all of this shape. */
export interface TestRunner {
  /** Declares a group of tests. */
  readonly describe: (name: string, body: () => void) => unknown
  /** Declares one test. */
  readonly test: (name: string, body: () => Promise<void>) => unknown
}

/**
 * Declares the tests that every key store passes, one for each rule of the contract in @sealwright/core. Capabilities that a store does
 * not have are not tested; the suite checks that it does not claim them.
 *
 * @param name of the store, for the report
 * @param makeStore called for every test, so that no test depends on another
 * @param expected what this store can do
 * @param runner declares the tests, such as `{ describe, test }` of vitest
 *
 * @example
 * ```ts
 * import { describeKeyStore, localKeyTypes } from '@sealwright/backend-contract'
 * import type { KeyStore } from '@sealwright/core'
 * import { describe, test } from 'vitest'
 *
 * declare function openMyStore(): Promise<KeyStore>
 *
 * describeKeyStore(
 *   'My store',
 *   async () => ({ store: await openMyStore(), reopen: openMyStore }),
 *   {
 *     keyTypes: localKeyTypes(),
 *     certificates: 'days',
 *     importPkcs12: null,
 *     renew: false,
 *     exportPkcs12: false,
 *     delete: true,
 *     rotate: false,
 *     disable: false,
 *     switchOff: false,
 *     cutOff: false,
 *   },
 *   { describe, test },
 * )
 * ```
 */
export function describeKeyStore(
  name: string,
  makeStore: MakeStore,
  expected: Capabilities,
  runner: TestRunner,
): void {
  runner.describe(`${name} keeps the contract of a key store`, () => {
    for (const { rule, check } of rulesFor(expected)) {
      runner.test(rule, async () => {
        const subject = await makeStore()
        try {
          await check(subject, expected)
        } finally {
          await subject.dispose?.()
        }
      })
    }
  })
}

function rulesFor(expected: Capabilities): readonly Rule[] {
  const rules = [
    ...reading,
    ...creating,
    ...signing,
    ...capabilities,
    ...(expected.importPkcs12 === null ? [] : importing),
    ...(expected.exportPkcs12 ? exporting : []),
    ...(expected.rotate ? rotating : []),
    ...(expected.disable ? disabling : []),
    ...(expected.delete ? deleting : []),
  ]
  return rules.filter(({ appliesTo }) => appliesTo === undefined || appliesTo(expected))
}
