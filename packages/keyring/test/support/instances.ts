import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { startKeyVaultEmulator, wellKnown, type RunningKeyVaultEmulator } from '@sealwright/keyvault-emulator'
import { onTestFinished } from 'vitest'
import type { AdvanceMessage, InstanceAnswer, OpenMessage, StoreConfig } from './instance.ts'

/** A process that runs instance.ts. */
export interface Instance {
  readonly origin: string
  readonly child: ChildProcess
  open(message: OpenMessage): Promise<Extract<InstanceAnswer, { type: 'open' }>>
  /** Moves its clock ahead by so many seconds, and has it read its sources. */
  advance(seconds: number): Promise<void>
}

/** Starts instances that end with the test. */
export async function startInstances(program: string, count: number): Promise<Instance[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const child = fork(program, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
      onTestFinished(() => {
        child.kill('SIGKILL')
      })
      const answer = await nextAnswer(child)
      if (answer.type !== 'listening') throw new Error(`the instance said ${JSON.stringify(answer)}`)
      return {
        origin: `http://127.0.0.1:${answer.port}`,
        child,
        async open(message: OpenMessage) {
          const opened = nextAnswer(child)
          child.send(message)
          const said = await opened
          if (said.type !== 'open') throw new Error(`the instance said ${JSON.stringify(said)}`)
          return said
        },
        async advance(seconds: number) {
          const read = nextAnswer(child)
          child.send({ advance: seconds } satisfies AdvanceMessage)
          const said = await read
          if (said.type !== 'read') throw new Error(`the instance said ${JSON.stringify(said)}`)
        },
      }
    }),
  )
}

async function nextAnswer(child: ChildProcess): Promise<InstanceAnswer> {
  const ended = new AbortController()
  const onExit = (): void => ended.abort(new Error('the instance has ended'))
  child.once('exit', onExit)
  try {
    const [answer] = (await once(child, 'message', { signal: ended.signal })) as [InstanceAnswer]
    return answer
  } finally {
    child.off('exit', onExit)
  }
}

/** A vault on localhost that ends with the test, and how an instance reaches it. */
export async function startVault(): Promise<{ emulator: RunningKeyVaultEmulator; config: StoreConfig }> {
  const emulator = await startKeyVaultEmulator({ timing: { issuance: 20, deletion: 20 } })
  onTestFinished(() => emulator.close())
  const { ca, authorityHost, tenantId } = emulator
  const { clientId, clientSecret } = wellKnown
  return {
    emulator,
    config: { vaultUrl: emulator.vaultUrl('contoso'), ca, authorityHost, tenantId, clientId, clientSecret },
  }
}
