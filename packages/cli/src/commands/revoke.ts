import { SealwrightError, type SigningKey } from '@sealwright/core'
import {
  describeKeyRingEvent,
  openKeyRing,
  type KeyRing,
  type KeyRingKeyStatus,
  type KeyRingSource,
  type KeyRevocation,
} from '@sealwright/keyring'
import { Command } from 'commander'
import { storePassword, withPasswordOptions, type PasswordOptions } from '../files/passwords.ts'
import { backendsFor, type KeyAccess } from '../keys/key-access.ts'
import { confirm } from '../terminal/confirm.ts'
import { remark, report } from '../terminal/report.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { parseSeconds, policyOf, type PolicyOptions } from './command-options.ts'

interface Options extends PasswordOptions, PolicyOptions {
  readonly key: readonly string[]
  readonly algorithm?: readonly string[]
  readonly yes?: boolean
  readonly json?: boolean
}

/** `sealwright revoke`: the emergency, when a key is compromised. */
export function revokeCommand(terminal: Terminal, access: KeyAccess): Command {
  const command = new Command('revoke')
    .description(
      'EMERGENCY: switch off a compromised key of an issuer, so that its tokens are refused; says what it costs, and asks first. ' +
        'For a planned change: sealwright rotate',
    )
    .argument('<kid>', 'the kid of the key')
    .requiredOption('--key <uri...>', 'the signing URIs of the issuer, as its servers have them')
    .option('--algorithm <name...>', 'the algorithms that its servers sign at the same time')
    .option('--token-lifetime <seconds>', 'as its servers have it (default: 3600)', parseSeconds)
    .option('--jwks-max-age <seconds>', 'as its servers have it (default: 3600)', parseSeconds)
    .option('--max-set-age <seconds>', 'as its servers have it (default: 86400)', parseSeconds)
    .option('--rotation-interval <seconds>', 'as its servers have it (default: 7776000)', parseSeconds)
  return withPasswordOptions(command, 'the keys')
    .option('--yes', 'do not ask')
    .option('--json', 'print the result as JSON')
    .action(async (keyId: string, options: Options) => {
      const ring = await openRing(keyId, options, terminal, access)
      try {
        const key = keyOf(ring, keyId)
        const cost = costOf(ring, key)
        if (options.json !== true) remark(terminal, cost)
        await confirm(terminal, options.yes, `Revoke the key ${keyId} now?`)
        const revocation = await ring.revoke(keyId)
        report(terminal, options.json, jsonOf(revocation), linesOf(revocation, key))
      } finally {
        ring.close()
      }
    })
}

/**
 * Moves a kid that begins with a hyphen to the end of the arguments, behind `--`, since it is no option. One in 64
 * thumbprints (RFC 7638) begins so.
 */
export function kidLast(args: readonly string[]): readonly string[] {
  const at = args[0] === 'revoke' ? args.findIndex((each) => /^-[\w-]{42}$/.test(each)) : -1
  return at === -1 || args.includes('--') ? args : [...args.toSpliced(at, 1), '--', ...args.slice(at, at + 1)]
}

/** A ring that makes no key unless the revocation needs one: it is opened only when its places have the key. */
async function openRing(
  keyId: string,
  options: Options,
  terminal: Terminal,
  access: KeyAccess,
): Promise<KeyRing> {
  const { key: uris, algorithm } = options
  const password = await storePassword(options, terminal)
  const backends = await backendsFor(uris, access)
  const found: SigningKey[] = []
  for (const uri of uris) {
    const backend = backends.find((each) => each.accepts(uri))
    // oxlint-disable-next-line no-await-in-loop -- one place after the other
    const place = await backend?.locate(uri, { password })
    // oxlint-disable-next-line no-await-in-loop
    if (place !== null && place !== undefined) found.push(...(await place.store.list({ name: place.name })))
  }
  if (found.length > 0 && !found.some((each) => each.keyId === keyId)) {
    throw new SealwrightError(
      'NOT_FOUND',
      `no key there has that kid; the kids are ${found.map((each) => each.keyId).join(', ')}`,
    )
  }
  const sources = uris.map((uri, at): KeyRingSource => ({
    uri,
    password,
    // So that a successor can be made.
    ...(at === 0 && found.length > 0 && { create: {} }),
  }))
  return openKeyRing(sources, policyOf(options), {
    backends,
    algorithms: algorithm,
    onEvent(event) {
      const { level, message } = describeKeyRingEvent(event)
      if (level !== 'info') remark(terminal, [`sealwright: ${message}`])
    },
  })
}

function keyOf(ring: KeyRing, keyId: string): KeyRingKeyStatus {
  const { keys } = ring.status()
  const key = keys.find((each) => each.keyId === keyId)
  if (key === undefined) {
    throw new SealwrightError(
      'NOT_FOUND',
      `no key there has that kid; the kids are ${keys.map((each) => each.keyId).join(', ') || 'none'}`,
    )
  }
  if (key.state === 'revoked') {
    throw new SealwrightError('INVALID_ARGUMENT', `the key ${keyId} is revoked already; nothing was changed`)
  }
  return key
}

/** The cost of a revocation, before it is done. */
function costOf(ring: KeyRing, key: KeyRingKeyStatus): readonly string[] {
  const { maxSetAge, jwksMaxAge, announcement } = ring.policy
  const others = ring.status().keys.filter((each) => each.keyId !== key.keyId)
  const successor = others.find(({ state }) => state === 'announced' || state === 'active')
  const until = new Date(Date.now() + (maxSetAge + jwksMaxAge) * 1000).toISOString()
  return [
    `${key.keyId} is ${key.state}, in ${key.location}.`,
    '- Every token that it signed is refused, those of honest users too: they have to sign in again.',
    `- Not at once: validators accept its tokens until ${until} at the latest. They accept them ${jwksMaxAge} s longer at most`,
    '  when every server is told to read its keys now: send each one SIGHUP.',
    ...(key.state !== 'active'
      ? ['- It does not sign now, so the servers go on signing with their active key.']
      : successor === undefined
        ? [
            '- There is no other key: a new one is created first and signs without announcement. Validators that have not seen it',
            `  refuse its tokens for up to ${announcement} s.`,
          ]
        : [
            `- ${successor.keyId} signs from then on. It is ${successor.state}; validators that have not seen it yet refuse its tokens.`,
          ]),
    '- This command cannot undo it. The vault or folder keeps the key, disabled.',
  ]
}

function jsonOf({ keyId, acceptedUntil, signing, refusedUntil }: KeyRevocation): Record<string, unknown> {
  return {
    keyId,
    acceptedUntil: acceptedUntil.toISOString(),
    signing,
    refusedUntil: refusedUntil?.toISOString() ?? null,
  }
}

function linesOf(
  { keyId, acceptedUntil, signing, refusedUntil }: KeyRevocation,
  key: KeyRingKeyStatus,
): readonly string[] {
  return [
    `revoked ${keyId} in ${key.location}`,
    `its tokens are accepted until ${acceptedUntil.toISOString()} at the latest; send every server SIGHUP now`,
    ...signing.map((each) => `${each} signs now`),
    ...(refusedUntil === null ? [] : [`its tokens may be refused until ${refusedUntil.toISOString()}`]),
  ]
}
