import { expect, test } from 'vitest'
import { lacksPermission } from '../../packages/azure-keyvault/src/errors/service-errors.ts'
import { decodePem, readKeyFile } from '../../packages/x509/src/index.ts'
import { codeOf } from './library-outcome.ts'

// A regular expression that tries each end of a run from each of its starts takes a second for 32 KiB, and over half an hour for 1 MiB.
// One whose time grows with the length takes milliseconds.

/** In milliseconds. */
const longest = 200

/** Repeated to a long run. */
const runs = [
  ...'=;\\; ;\t;\n;-;_;/;A;M;0;3;<;>;";\';{;[;:;+;,'.split(';'),
  '\r\n',
  '%41',
  '\\n',
  '\\"',
  'a=',
  '-----BEGIN ',
  '-----BEGIN A-----',
  '<a ',
  'BEGIN A ',
  'does not have ',
]

const block = (body: string): string => `-----BEGIN PRIVATE KEY-----${body}-----END PRIVATE KEY-----`

type Place = (run: string) => string

/** Where the run stands: each brings it to other expressions. `!` at its end makes an expression try again. */
const places: readonly Place[] = [
  (run) => `${run}!`,
  (run) => `-${run}A`,
  (run) => `_A${run}!`,
  (run) => `30${run}!`,
  (run) => `data:${run}!`,
  (run) => `${block('\\n')}${run}!`,
  (run) => block(`\n${run}!\n`),
  (run) => block(`\nA: ${run}!\n\nAAAA\n`),
  (run) => block(`\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,${run}!\n\nAAAA\n`),
  (run) => block(`\nProc-Type: 4,${run}ENCRYPTED\n\nAAAA\n`),
  (run) => `-----BEGIN ${run}!`,
  (run) => JSON.stringify({ value: `MA${run}!${'A'.repeat(40)}` }),
  (run) => JSON.stringify(`LS0tLS1C${run}!`),
  (run) => `<RSAKeyValue ${run}!`,
  (run) => `<RSAKeyValue><Modulus>${run}</Modulus></RSAKeyValue>`,
]

/** Key Vault's refusal without a code, which only the message explains. */
const refusal = {
  status: 403,
  code: null,
  innerCode: null,
  isTransient: false,
  isOutage: false,
  wasNotCarriedOut: true,
  retryAfter: null,
  cause: null,
}

const readers: readonly (readonly [
  name: string,
  read: (text: string) => unknown,
  length: number,
  placesOfRun: readonly Place[],
])[] = [
  ['readKeyFile', (text) => readKeyFile(Buffer.from(text), 'hunter2'), 2 ** 15, places],
  ['decodePem', decodePem, 2 ** 15, places],
  [
    'the reader of a 403 of Key Vault',
    (message) => lacksPermission({ ...refusal, message }),
    2 ** 17,
    [(run) => run],
  ],
]

test.each(readers)('%s reads runs of any character in time', async (_, read, length, placesOfRun) => {
  const slow: string[] = []
  for (const run of runs) {
    const long = run.repeat(length / run.length)
    for (const place of placesOfRun) {
      const text = place(long)
      // oxlint-disable-next-line no-await-in-loop -- each is measured alone
      if (await isSlow(() => read(text))) slow.push(place(JSON.stringify(run)))
    }
  }
  expect(slow).toEqual([])
})

/** Whether the action takes too long each of three times: once may be the machine's fault. */
async function isSlow(action: () => unknown): Promise<boolean> {
  for (let time = 0; time < 3; time++) {
    const start = performance.now()
    // oxlint-disable-next-line no-await-in-loop -- each is measured alone
    expect(await codeOf(action)).not.toMatch(/^not/)
    if (performance.now() - start <= longest) return false
  }
  return true
}
