import { execFileSync } from 'node:child_process'
import { createPrivateKey } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openAuditLog, verifyAuditLog, type AuditReport } from '@sealwright/audit-log'
import { createLocalSigner, isSealwrightError } from '@sealwright/core'

/** What a process found that filled its disk. */
export interface FullDisk {
  readonly report: AuditReport
  /** What happened, in its order. */
  readonly events: readonly string[]
  /** How many tokens were issued, and how many of them before there was room again. */
  readonly issued: number
  readonly issuedBeforeRoom: number
  /** Why the first token was refused. */
  readonly refusal: string
}

const [mode, folder = '', pem = ''] = process.argv.slice(2)
const signer = createLocalSigner(createPrivateKey(pem))
if (mode === 'fill-disk') console.log(JSON.stringify(await fillDisk()))
else await recordForEver()

/** Records tokens until it is killed, and prints the name of each that may be handed out. */
async function recordForEver(): Promise<void> {
  const log = await openAuditLog({ folder, signer })
  for (let number = 1; ; number++) {
    const jtis = [1, 2, 3].map((each) => `${process.pid}-${number}-${each}`)
    const entry = { keyId: signer.keyId, clientId: 'shop' }
    // oxlint-disable-next-line no-await-in-loop
    await Promise.all(jtis.map((jti) => log.record({ ...entry, jti, signingInput: `a.${jti}` })))
    process.stdout.write(`${jtis.join('\n')}\n`)
  }
}

/** Mounts a small file system over the folder, which must be in a mount namespace of its own. */
async function fillDisk(): Promise<FullDisk> {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', folder])
  const audit = join(folder, 'audit')
  const events: string[] = []
  const log = await openAuditLog({ folder: audit, signer, onEvent: ({ type }) => events.push(type) })
  const filler = join(folder, 'filler')
  writeFileSync(filler, Buffer.alloc(40 * 1024))
  let issued = 0
  /** Why a token is refused; null if it is issued. */
  const record = async (): Promise<string | null> => {
    try {
      await log.record({
        jti: `${issued}`,
        keyId: signer.keyId,
        clientId: 'c'.repeat(1000),
        signingInput: 'a.b',
      })
      issued++
      return null
    } catch (error) {
      if (!isSealwrightError(error, 'UNAVAILABLE') || error.retryAfter !== 1) throw error
      return error.message
    }
  }
  const recordUntil = async (isOver: (why: string | null) => boolean): Promise<string> => {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop
      const why = await record()
      if (isOver(why)) return why ?? ''
      // oxlint-disable-next-line no-await-in-loop
      if (why !== null) await sleep(50)
    }
  }
  const refusal = await recordUntil((why) => why !== null)
  const issuedBeforeRoom = issued
  rmSync(filler)
  await recordUntil((why) => why === null)
  execFileSync('mount', ['-o', 'remount,size=1m', folder])
  await log.close()
  const report = await verifyAuditLog(audit, { trustedKeys: [signer.keyId] })
  return { report, events, issued, issuedBeforeRoom, refusal }
}
