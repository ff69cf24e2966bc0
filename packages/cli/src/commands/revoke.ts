import { canRotate, SealwrightError } from '@sealwright/core'
import {
  keyRingPolicy,
  openKeyRing,
  type KeyRevocation,
  type KeyRevocationCost,
  type KeyRing,
  type KeyRingEvent,
  type KeyRingKeyStatus,
  type KeyRingPolicy,
  type KeyRingSource,
} from '@sealwright/keyring'
import { Command } from 'commander'
import {
  passwordSource,
  withPassword,
  withPasswordOptions,
  type PasswordOptions,
} from '../files/passwords.ts'
import { backendsFor, type KeyAccess } from '../keys/key-access.ts'
import { noteOf } from '../keys/ring-events.ts'
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
      'Revoke a compromised key. Shows the impact and asks for confirmation. For a planned rotation use sealwright rotate.',
    )
    .argument('<kid>', 'the kid of the key')
    .requiredOption('--key <uri...>', 'the signing URIs of the issuer, as its servers have them')
    .option('--algorithm <name...>', 'the algorithms that its servers sign at the same time')
    .option('--token-lifetime <seconds>', 'as its servers have it (default: 3600)', parseSeconds)
    .option('--jwks-max-age <seconds>', 'as its servers have it (default: 3600)', parseSeconds)
    .option('--max-set-age <seconds>', 'as its servers have it (default: 86400)', parseSeconds)
    .option('--rotation-interval <seconds>', 'as its servers have it (default: 7776000)', parseSeconds)
  return withPasswordOptions(command, 'the keys')
    .option('--yes', 'skip the confirmation')
    .option('--json', 'print the result as JSON')
    .action(async (keyId: string, options: Options) => {
      const places = options.key.join(', ')
      const { issuer, plan } = await withPassword(
        passwordSource(options),
        terminal,
        places,
        async (password) => {
          const found = await locate(options, password, terminal, access)
          return { issuer: found, plan: await planRevocation(keyId, found) }
        },
      )
      const { key, maker } = plan
      const isAsked = options.yes !== true
      if (isAsked || options.json !== true) remark(terminal, linesOfCost(plan, issuer.policy))
      await confirm(terminal, options.yes, `Revoke the key ${keyId} now?`)
      const ring = await openRing(issuer, maker)
      try {
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

/** The keys of an issuer, as the options name them. */
interface IssuerKeys {
  readonly uris: readonly string[]
  readonly password: string
  readonly backends: Awaited<ReturnType<typeof backendsFor>>
  readonly algorithms: readonly string[] | undefined
  readonly policy: KeyRingPolicy
  readonly onEvent: (event: KeyRingEvent) => void
}

async function locate(
  options: Options,
  password: string,
  terminal: Terminal,
  access: KeyAccess,
): Promise<IssuerKeys> {
  const said = new Set<string>()
  return {
    uris: options.key,
    password,
    backends: await backendsFor(options.key, access),
    algorithms: options.algorithm,
    policy: keyRingPolicy(policyOf(options)),
    onEvent(event) {
      const note = noteOf(event)
      // The ring is opened twice.
      if (note === null || said.has(note)) return
      said.add(note)
      remark(terminal, [note])
    },
  }
}

/** @param maker the signing URI of the source that creates the successor; null for none */
function openRing(
  { uris, password, policy, ...options }: IssuerKeys,
  maker: string | null,
): Promise<KeyRing> {
  const sources = uris.map((uri): KeyRingSource => ({
    uri,
    password,
    // A new version has the type of the one before it.
    ...(uri === maker && { create: {} }),
  }))
  return openKeyRing(sources, policy, { ...options, automatic: false })
}

/** What a revocation does. */
interface Plan {
  readonly key: KeyRingKeyStatus
  readonly cost: KeyRevocationCost
  /** The keys that take over. */
  readonly next: readonly string[]
  /** The signing URI of the source that creates the successor; null if none can. */
  readonly maker: string | null
}

/** Only reads. */
async function planRevocation(keyId: string, issuer: IssuerKeys): Promise<Plan> {
  const ring = await openRing(issuer, null)
  try {
    const key = keyOf(ring, keyId)
    const cost = ring.revocationCost(keyId)
    const active = ring.status().keys.filter(({ state }) => state === 'active')
    const next = cost.signing.filter((each) => !active.some((other) => other.keyId === each))
    return { key, cost, next, maker: await makerOf(keyId, issuer) }
  } finally {
    ring.close()
  }
}

/** The signing URI of a source that has the key and can create the version that follows it; null for none. */
async function makerOf(keyId: string, { uris, password, backends }: IssuerKeys): Promise<string | null> {
  for (const uri of uris) {
    const backend = backends.find((each) => each.accepts(uri))
    // oxlint-disable-next-line no-await-in-loop -- the first one is enough
    const place = await backend?.locate(uri, { password })
    if (place === undefined || place === null || place.version !== null || !canRotate(place.store)) continue
    // oxlint-disable-next-line no-await-in-loop
    const versions = await place.store.list({ name: place.name })
    if (versions.some((version) => version.keyId === keyId)) return uri
  }
  return null
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
function linesOfCost(plan: Plan, { jwksMaxAge }: KeyRingPolicy): readonly string[] {
  const { key, cost } = plan
  const until = cost.acceptedUntil.toISOString()
  return [
    `${key.keyId} is ${key.state}, in ${key.location}.`,
    '- All tokens signed by this key become invalid; legitimate users must sign in again.',
    `- Verifiers may accept these tokens until ${until}, or for at most ${jwksMaxAge} s if every server reads its`,
    '  keys now: send each one SIGHUP.',
    ...(key.state === 'active'
      ? linesOfSuccession(plan)
      : ['- It is not the active key, so signing continues with the active key.']),
    '- There is no undo command. The vault or folder keeps the key, disabled.',
  ]
}

function linesOfSuccession({ cost, next, maker }: Plan): readonly string[] {
  const { needsSuccessor, refusedUntil } = cost
  const refusal =
    refusedUntil === null
      ? 'Verifiers have it.'
      : `Verifiers that do not have it refuse its tokens until ${refusedUntil.toISOString()} at the latest.`
  const takesOver = next.map((keyId) => `- ${keyId} signs from then on. ${refusal}`)
  if (!needsSuccessor) return takesOver
  const retired = [...takesOver, '  It had been replaced. If it may be compromised too, revoke it first.']
  if (next.length > 0 && maker === null) return retired
  if (next.length > 0)
    return [
      '- A new key is created first. It signs when it has been announced. Until then a retired one does:',
      ...retired,
    ]
  if (maker === null)
    return ['- There is no other key, and none can be created here: nothing signs until you add one.']
  return [
    '- There is no other key: a new one is created first and signs without announcement.',
    `  ${refusal}`,
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
    ...(signing.length === 0 ? ['no key signs now: add one'] : signing.map((each) => `${each} signs now`)),
    ...(refusedUntil === null ? [] : [`its tokens may be refused until ${refusedUntil.toISOString()}`]),
  ]
}
