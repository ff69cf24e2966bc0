import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { scratchFolder } from '@sealwright/test-kit/folders'
import type { KeyAccess } from '../../src/keys/key-access.ts'
import { run } from '../../src/run.ts'
import type { Terminal } from '../../src/terminal/terminal.ts'

/** How a command ended and what it printed. */
export interface Outcome {
  readonly code: number
  readonly out: string
  readonly error: string
}

/** What the command finds around it. */
export interface Surroundings extends KeyAccess, Partial<Omit<Terminal, 'stdin' | 'out' | 'error'>> {
  /** Standard input. */
  readonly input?: string | Uint8Array
}

/** Runs the command in this process. */
export async function sealwright(
  args: readonly string[],
  { input = '', vault, attestation, local, ...terminal }: Surroundings = {},
): Promise<Outcome> {
  let [out, error] = ['', '']
  const code = await run(
    args,
    {
      stdin: Readable.from([Buffer.from(input)]),
      out: (content) =>
        (out += typeof content === 'string' ? content : Buffer.from(content).toString('latin1')),
      error: (text) => (error += text),
      env: {},
      questions: null,
      colors: false,
      screen: false,
      ...terminal,
    },
    { vault, attestation, local },
  )
  return { code, out, error }
}

/** As {@link sealwright}, for a command that succeeds. */
export async function succeed(args: readonly string[], surroundings: Surroundings = {}): Promise<Outcome> {
  const outcome = await sealwright(args, surroundings)
  if (outcome.code !== 0)
    throw new Error(`sealwright ${args.join(' ')} ended with ${outcome.code}: ${outcome.error}`)
  return outcome
}

/** A folder that goes away with the test, and a file with a password in it. */
export function scratch(): { readonly file: (name: string) => string; readonly password: string } {
  const folder = scratchFolder()
  const password = join(folder, 'password')
  writeFileSync(password, 'correct-horse\n')
  return { file: (name) => join(folder, name), password }
}
