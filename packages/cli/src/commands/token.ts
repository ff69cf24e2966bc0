import { Command } from 'commander'
import type { KeyAccess } from '../keys/key-access.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { tokenSignCommand } from './token/sign.ts'
import { tokenVerifyCommand } from './token/verify.ts'

/** `sealwright token`. */
export function tokenCommand(terminal: Terminal, access: KeyAccess): Command {
  return new Command('token')
    .description('JSON Web Tokens: sign one, verify one')
    .addCommand(tokenSignCommand(terminal, access))
    .addCommand(tokenVerifyCommand(terminal, access))
}
