import { Command } from 'commander'
import type { KeyAccess } from '../keys/key-access.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { caCreateCommand } from './ca/create.ts'

/** `sealwright ca`. */
export function caCommand(terminal: Terminal, access: KeyAccess): Command {
  return new Command('ca')
    .description('certificate authorities; sealwright cert issue and sealwright crl use them')
    .addCommand(caCreateCommand(terminal, access))
}
