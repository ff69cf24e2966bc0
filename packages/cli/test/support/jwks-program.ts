/** `sealwright jwks` as a process of its own, which signals can be sent to. */
import { jwksCommand } from '../../src/commands/jwks.ts'
import { surviveClosedPipes } from '../../src/terminal/closed-pipes.ts'

surviveClosedPipes(process)
const { stdin, stdout, stderr, env } = process
const terminal = {
  stdin,
  out: (content: string | Uint8Array) => stdout.write(content),
  error: (text: string) => stderr.write(text),
  env,
  questions: null,
  colors: false,
  screen: false,
}
await jwksCommand(terminal, {}).parseAsync(process.argv.slice(2), {
  from: 'user',
})
