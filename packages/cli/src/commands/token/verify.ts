import { Command } from 'commander'
import { withPasswordOptions } from '../../files/passwords.ts'
import type { KeyAccess } from '../../keys/key-access.ts'
import type { Terminal } from '../../terminal/terminal.ts'
import { parseSecondsOrZero } from '../command-options.ts'
import type { VerifyOptions } from './verify-token.ts'

/** `sealwright token verify`: whether a token is valid, and if not, why. */
export function tokenVerifyCommand(terminal: Terminal, access: KeyAccess): Command {
  const command = new Command('verify')
    .description('verify a JWT with the keys of an issuer, a JWK Set, a certificate or a key')
    .argument('[file]', 'the file with the token; - for standard input', '-')
    .option('--issuer <url>', 'the issuer: its keys are discovered, and iss must be this URL')
    .option('--jwks <file or url>', 'a JWK Set')
    .option('--certificate <file>', 'the certificate of the key')
    .option('--key <key>', 'the key itself: a file or a signing URI')
    .option('--audience <name>', 'the audience that aud must contain')
    .option('--leeway <seconds>', 'the allowed clock skew (default: 0)', parseSecondsOrZero)
  return withPasswordOptions(command, 'the key or certificate')
    .option('--json', 'print the result as JSON')
    .action(async (path: string, options: VerifyOptions) => {
      // With jose, which no other command needs.
      const { verifyToken } = await import('./verify-token.ts')
      await verifyToken(path, options, terminal, access)
    })
}
