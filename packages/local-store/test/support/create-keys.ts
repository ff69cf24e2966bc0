/**
 * A process of its own that opens keys, creating what is absent. It is told what to do by messages and answers with what it
 * got, or, as `node program.mjs URI-PREFIX COUNT`, it opens COUNT names one after the other and prints each key.
 */
import { writeSync } from 'node:fs'
import { openSigningKey } from '@sealwright/core'
import { localStore } from '@sealwright/local-store'

async function open(uri: string): Promise<string> {
  const key = await openSigningKey(uri, { backends: [localStore()], create: { keyType: 'ec-p256' } })
  return key.keyId
}

const [prefix, count] = process.argv.slice(2)
if (prefix === undefined) {
  process.on('message', (uri: string) => {
    void open(uri).then((keyId) => process.send?.(keyId))
  })
  process.send?.('ready')
} else {
  writeSync(1, 'ready\n')
  for (let index = 0; index < Number(count); index++) {
    // One line with one write, whole or not at all: what was printed was promised.
    // oxlint-disable-next-line no-await-in-loop
    writeSync(1, `${index} ${await open(`${prefix}${index}`)}\n`)
  }
}
