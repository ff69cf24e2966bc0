import { createHash } from 'node:crypto'
import type { Client } from './settings.ts'

/** The secret of the sample client, which is public. */
export const sampleSecret = 'sample-secret'

const hash = createHash('sha256').update(sampleSecret).digest()

/** Whether one of the client's secrets is the public one of the sample. */
export function hasSampleSecret(client: Client): boolean {
  return client.secretHashes.some((each) => hash.equals(each))
}
