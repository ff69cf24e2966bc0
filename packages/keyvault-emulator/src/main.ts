import { parseCommand, type ParsedCommand } from './command.ts'
import { instructions } from './instructions.ts'
import { startKeyVaultEmulator } from './start.ts'

try {
  await run(parseCommand(process.argv.slice(2)))
} catch (error) {
  process.stderr.write(`keyvault-emulator: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}

async function run(command: ParsedCommand): Promise<void> {
  if (command.kind !== 'start') {
    process.stdout.write(command.text)
    return
  }
  const emulator = await startKeyVaultEmulator(command.options)
  process.stdout.write(instructions(emulator))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void emulator.close())
  }
}
