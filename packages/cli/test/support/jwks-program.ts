/** `sealwright jwks` as a process of its own, which signals can be sent to. */
import { jwksCommand } from '../../src/jwks.ts'

const terminal = {
  stdin: process.stdin,
  out: (text: string) => process.stdout.write(text),
  error: (text: string) => process.stderr.write(text),
}
await jwksCommand(terminal, {}).parseAsync(process.argv.slice(2), {
  from: 'user',
})
