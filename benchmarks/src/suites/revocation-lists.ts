import assert from 'node:assert/strict'
import type { KeyObject } from 'node:crypto'
import { createLocalSigner } from '@sealwright/core'
import { createRevocationList, createSelfSignedCertificate } from '@sealwright/x509'
import * as peculiar from '@peculiar/x509'
import { LoopDelay } from '../measuring/loop-delay.ts'
import { concurrently } from '../measuring/loops.ts'
import { measure, type Contestant, type Plan, type Row } from '../measuring/measure.ts'
import { quantile } from '../measuring/statistics.ts'
import type { SuiteContext } from '../suite.ts'

/** One key as each library has it. */
export interface ListKeys {
  readonly privateKey: KeyObject
  readonly peculiar: Pick<peculiar.Pkcs10CertificateRequestCreateParams, 'keys' | 'signingAlgorithm'>
}

/**
 * Lists of 500 entries against @peculiar/x509, which reads at most about 1,000. Lists of 100,000 without it, for the
 * delay of the event loop.
 */
export async function revocationLists(
  label: string,
  keys: ListKeys,
  plan: Plan,
  progress: SuiteContext['progress'],
): Promise<Row[]> {
  const signer = createLocalSigner(keys.privateKey)
  const certificate = await createSelfSignedCertificate(signer, {
    subject: 'CN=Root,O=Contoso',
    profile: 'rootCa',
  })
  const rows: Row[] = []
  for (const count of [500, 100_000]) {
    const what = `CRL of ${count.toLocaleString('en')}, ${label}`
    progress(what)
    const revoked = Array.from({ length: count }, (_, index) => ({
      serialNumber: (0x10000000 + index).toString(16),
      revokedAt: new Date(Date.UTC(2026, 0, 1) + 1000 * index),
      reason: 'superseded' as const,
    }))
    const own = (): Promise<Uint8Array> =>
      createRevocationList({ signer, certificate }, { number: 1, revoked })
    const ofPeculiar = async (): Promise<Uint8Array> => new Uint8Array(await peculiarList(keys, revoked))
    if (count === 500) {
      for (const make of [own, ofPeculiar]) {
        const list = new peculiar.X509Crl(Buffer.from(await make()))
        assert.equal(list.entries.length, count)
        assert(await list.verify({ publicKey: keys.peculiar.keys.publicKey }))
      }
    }
    const delay = new LoopDelay()
    const contestants: Contestant[] = [
      {
        name: 'sealwright',
        mode: 'async',
        role: 'own',
        onWarm: () => delay.reset(),
        run: async (times) => {
          delay.start()
          await concurrently(1, times, own)
          delay.stop()
        },
      },
      ...(count === 500 ? [peer(ofPeculiar)] : []),
    ]
    const [first, ...others] = await measure('x509', what, contestants, plan)
    if (first !== undefined) rows.push({ ...first, eventLoopDelayP99: quantile(delay.samples, 0.99) })
    rows.push(...others)
  }
  return rows
}

async function peculiarList(
  { peculiar: { signingAlgorithm, keys } }: ListKeys,
  revoked: readonly { readonly serialNumber: string; readonly revokedAt: Date }[],
): Promise<ArrayBuffer> {
  const list = await peculiar.X509CrlGenerator.create({
    issuer: 'O=Contoso,CN=Root',
    thisUpdate: new Date(),
    nextUpdate: new Date(Date.now() + 7 * 24 * 60 * 60 * 1000),
    entries: revoked.map(({ serialNumber, revokedAt }) => ({
      serialNumber,
      revocationDate: revokedAt,
      reason: peculiar.X509CrlReason.superseded,
    })),
    signingAlgorithm,
    signingKey: keys.privateKey,
  })
  return list.rawData
}

function peer(make: () => Promise<unknown>): Contestant {
  return {
    name: '@peculiar/x509',
    mode: 'async',
    role: 'peer',
    run: (count) => concurrently(1, count, make),
  }
}
