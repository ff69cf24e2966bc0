/**
 * A process of its own that opens keys, creating what is absent. As `node program.mjs FOLDER PREFIX` it opens PREFIX0, PREFIX1
 * and so on until it is stopped, and prints the name and kid of each; without arguments it opens the URIs that messages
 * name and answers with the kid.
 */
import { writeSync } from 'node:fs'
import { openSigningKey } from '@sealwright/core'
import { localStore } from '@sealwright/local-store'

async function open(uri: string): Promise<string> {
  const key = await openSigningKey(uri, { backends: [localStore()], create: { keyType: 'ec-p256' } })
  return key.keyId
}

const [folder, prefix] = process.argv.slice(2)
if (folder === undefined || prefix === undefined) {
  process.on('message', (uri: string) => {
    void open(uri).then((keyId) => process.send?.(keyId))
  })
  process.send?.('ready')
} else {
  writeSync(1, 'ready\n')
  for (let index = 0; ; index++) {
    const name = `${prefix}${index}`
    // Each line with one write, whole or not at all: what was printed was promised.
    // oxlint-disable-next-line no-await-in-loop
    writeSync(1, `${name} ${await open(`store:${folder}?name=${name}`)}\n`)
  }
}
