import type { Row } from '../../src/measuring/measure.ts'

/** A row as a suite makes it, with what a test is about. */
export function row(given: Partial<Row>): Row {
  return {
    suite: 'jws',
    name: 'sealwright',
    alg: 'ES256',
    mode: 'sync',
    opsPerSec: 50_000,
    spread: 0.01,
    ratioToLimit: null,
    ratioToBestPeer: null,
    ...given,
  }
}
