#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { parseCommand, usage, type Command } from './command.ts'
import { instructions } from './instructions.ts'
import { startKeyVaultEmulator, type StartOptions } from './start.ts'

function readCommand(): Command | null {
  try {
    return parseCommand(process.argv.slice(2))
  } catch (error) {
    complain(error)
    return null
  }
}

async function start(options: StartOptions): Promise<void> {
  const emulator = await startKeyVaultEmulator(options)
  process.stdout.write(instructions(emulator))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void emulator.close())
  }
}

function complain(error: unknown): void {
  process.stderr.write(`keyvault-emulator: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}

const command = readCommand()
switch (command?.kind) {
  case 'help':
    process.stdout.write(usage)
    break
  case 'version': {
    const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
    process.stdout.write(`${String(Reflect.get(Object(manifest), 'version'))}\n`)
    break
  }
  case 'start':
    await start(command.options).catch(complain)
    break
  default:
    process.exitCode = 1
}
