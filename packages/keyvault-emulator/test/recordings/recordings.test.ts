import type * as nodeCrypto from 'node:crypto'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { expect, test, vi } from 'vitest'
import { startRig } from '../support/rig.ts'
import { replay, type Difference, type Facts } from './replay.ts'

// Making RSA keys would take minutes: each kind is made once. Other tests make them for real.
vi.mock('node:crypto', async (original) => {
  const crypto = await original<typeof nodeCrypto>()
  const made = new Map<string, object>()
  const generateKeyPair = (type: 'rsa', options: object, done: (error: null, pair: object) => void): void => {
    const kind = type + JSON.stringify(options)
    const pair = made.get(kind) ?? crypto.generateKeyPairSync(type, options as { modulusLength: number })
    made.set(kind, pair)
    done(null, pair)
  }
  return {
    ...crypto,
    generateKeyPair: Object.assign(generateKeyPair, {
      [promisify.custom]: (type: 'rsa', options: object) =>
        new Promise((resolve) => generateKeyPair(type, options, (_, pair) => resolve(pair))),
    }),
  }
})

const facts = JSON.parse(readFileSync(new URL('facts.json', import.meta.url), 'utf8')) as Facts

/** A PFX and a PEM file to import where a recording imports its own. */
async function importFiles(): Promise<{ pfx: string; pem: string }> {
  const rig = await startRig()
  const exported = async (
    name: string,
    contentType: 'application/x-pkcs12' | 'application/x-pem-file',
  ): Promise<string> => {
    const policy = { issuerName: 'Self', subject: 'CN=imported', contentType } as const
    const poller = await rig.certificates.beginCreateCertificate(name, policy, { intervalInMs: 5 })
    await poller.pollUntilDone()
    return (await rig.secrets.getSecret(name)).value ?? ''
  }
  return {
    pfx: await exported('pfx', 'application/x-pkcs12'),
    pem: await exported('pem', 'application/x-pem-file'),
  }
}

test('the emulator answers as the service was recorded', { timeout: 600_000 }, async () => {
  const files = await importFiles()
  const differences: Difference[] = []
  let compared = 0
  for (const recording of facts.recordings) {
    const result = await replay(facts, recording, files)
    compared += result.compared
    differences.push(...result.differences)
  }
  const share = 1 - differences.length / compared
  console.log(
    `${facts.recordings.length} recordings, ${compared} exchanges, ${(100 * share).toFixed(2)} % equal; the others:\n` +
      differences
        .map(({ recording, request, problem }) => `  ${request}: ${problem}\n    ${recording}`)
        .join('\n'),
  )
  expect(facts.recordings.length).toBeGreaterThanOrEqual(200)
  expect(share).toBeGreaterThanOrEqual(0.98)
})
