import { Command } from 'commander'
import type { KeyAccess } from '../keys/key-access.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { certConvertCommand, certExportCommand } from './cert/convert.ts'
import { certCreateCommand } from './cert/create.ts'
import { certDeleteCommand } from './cert/delete.ts'
import { certImportCommand } from './cert/import.ts'
import { certIssueCommand } from './cert/issue.ts'
import { certListCommand } from './cert/list.ts'
import { certRenewCommand } from './cert/renew.ts'
import { certRequestCommand } from './cert/request.ts'
import { certShowCommand } from './cert/show.ts'

/** `sealwright cert`. */
export function certCommand(terminal: Terminal, access: KeyAccess): Command {
  return new Command('cert')
    .description('certificates and their keys: make, show, move, convert, renew, delete')
    .addCommand(certCreateCommand(terminal, access))
    .addCommand(certShowCommand(terminal, access))
    .addCommand(certImportCommand(terminal, access))
    .addCommand(certExportCommand(terminal, access))
    .addCommand(certConvertCommand(terminal, access))
    .addCommand(certListCommand(terminal, access))
    .addCommand(certRenewCommand(terminal, access))
    .addCommand(certDeleteCommand(terminal, access))
    .addCommand(certRequestCommand(terminal, access))
    .addCommand(certIssueCommand(terminal, access))
}
