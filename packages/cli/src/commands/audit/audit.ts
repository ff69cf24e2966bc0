import { Command } from 'commander'
import type { KeyAccess } from '../../keys/key-access.ts'
import type { Terminal } from '../../terminal/terminal.ts'
import { auditVerifyCommand } from './verify.ts'

/** `sealwright audit`. */
export function auditCommand(terminal: Terminal, access: KeyAccess): Command {
  return new Command('audit')
    .description('the audit log of a token server')
    .addCommand(auditVerifyCommand(terminal, access))
}
