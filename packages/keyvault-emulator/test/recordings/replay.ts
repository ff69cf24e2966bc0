import { generateKeyPairSync } from 'node:crypto'
import { createKeyVaultEmulator, type KeyVaultEmulator } from '@sealwright/keyvault-emulator'
import { createAttestationAuthority } from '../support/attestation-authority.ts'

/**
 * Facts about recorded traffic of the real service: requests, and of each answer the status, the names of its headers,
 * the members of its body in their order, and its error codes. facts.json has nothing else of the recordings.
 */
export interface Facts {
  /** Members in their order, nested: `{id,attributes{enabled}}`; `[…]` is a list with the members of its first item. */
  readonly shapes: readonly string[]
  readonly headers: readonly (readonly string[])[]
  readonly steps: readonly Step[]
  /** Language, name, how many recordings are alike, and the indices of its steps. */
  readonly recordings: readonly (readonly [string, string, number, readonly number[]])[]
}

/**
 * Method, path, api-version, status, shape and headers (indices; -1 for none) of one exchange. In paths `n0` is a name
 * and `{2}` the version that step 2 answered with.
 */
type Step = readonly [string, string, string, number, number, number, StepDetails?]

interface StepDetails {
  readonly q?: Readonly<Record<string, string>>
  readonly b?: unknown
  /** `error.code` and `error.innererror.code`. */
  readonly e?: string | null
  readonly i?: string
  /** Without a token. */
  readonly anonymous?: boolean
}

interface Reply {
  readonly status: number
  readonly headers: readonly string[]
  readonly body: unknown
}

/** One difference between a recorded answer and the emulator's. */
export interface Difference {
  readonly recording: string
  readonly request: string
  readonly problem: string
}

/** Members that later api-versions than the recorded ones add. */
const later = new Set(['key_size', 'exportable', 'hsmPlatform', 'recoverableDays'])

const minute = 60_000
const hour = 60 * minute

const rsaKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })
const authority = createAttestationAuthority()
const ecKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })

/** Sends the requests of one recording to a fresh vault and compares the answers. */
export async function replay(
  facts: Facts,
  [language, name, , steps]: Facts['recordings'][number],
  files: { readonly pfx: string; readonly pem: string },
): Promise<{ compared: number; differences: Difference[] }> {
  const emulator = createKeyVaultEmulator({
    // Before the recordings, so that their dates lie ahead.
    now: () => Date.UTC(2019, 0, 1),
    timing: { issuance: hour, deletion: minute, recovery: minute },
    attestationAuthorities: authority.option,
  })
  const { token } = await emulator.credential().getToken('https://vault.azure.net/.default')
  // The names in an imported certificate are those of the file.
  const imports = steps.some((index) => facts.steps[index]?.[1].endsWith('/import'))
  const replies: Reply[] = []
  const differences: Difference[] = []
  for (const index of steps) {
    const step = facts.steps[index]
    if (step === undefined) throw new Error(`there is no step ${index}`)
    const [method, path] = step
    let reply = await send(emulator, token, step, replies, files)
    let problem = compare(facts, step, reply, imports)
    // A deletion is done after a minute, an issuance after an hour.
    for (const wait of [minute, hour]) {
      if (problem === null || !isRepeatable(step, reply)) break
      emulator.clock.advance(wait)
      reply = await send(emulator, token, step, replies, files)
      problem = compare(facts, step, reply, imports)
    }
    replies.push(reply)
    if (problem !== null)
      differences.push({ recording: `${language}: ${name}`, request: `${method} ${path}`, problem })
  }
  return { compared: steps.length, differences }
}

/** A read, or a request that was refused for now. */
function isRepeatable([method]: Step, { status }: Reply): boolean {
  return method === 'GET' || status === 409 || status === 404
}

async function send(
  emulator: KeyVaultEmulator,
  token: string,
  [method, path, apiVersion, , , , details = {}]: Step,
  replies: readonly Reply[],
  files: { readonly pfx: string; readonly pem: string },
): Promise<Reply> {
  const { q = {}, b, anonymous = false } = details
  const located = path.replace(/\{(\d+)\}/g, (_, step) => versionIn(replies[Number(step)]?.body))
  const query = new URLSearchParams({ 'api-version': apiVersion, ...q })
  const response = await emulator.handle({
    method,
    url: new URL(
      `${emulator.vaultUrl('recorded')}/${located.split('/').map(encodeURIComponent).join('/')}?${query.toString()}`,
    ),
    headers: anonymous ? {} : { authorization: `Bearer ${token}` },
    body: b === undefined ? new Uint8Array() : Buffer.from(JSON.stringify(filled(b, replies, files))),
  })
  const text = Buffer.from(response.body ?? []).toString()
  return {
    status: response.status,
    headers: Object.keys(response.headers),
    body: text === '' ? null : JSON.parse(text),
  }
}

/** A body with keys, files and earlier values in place of their marks. */
function filled(body: unknown, replies: readonly Reply[], files: { pfx: string; pem: string }): unknown {
  return JSON.parse(JSON.stringify(body), (_, value: unknown) => {
    if (typeof value === 'object' && value !== null && '$jwk' in value) {
      const { $jwk: kty, ...rest } = value as { $jwk: string }
      return { ...(kty.startsWith('RSA') ? rsaKey : ecKey), kty, ...rest }
    }
    const [, kind, number] =
      /^\$(value|bytes|pfx|pem|policy|attestation)(\d*)$/.exec(typeof value === 'string' ? value : '') ?? []
    switch (kind) {
      case 'value':
        return (replies[Number(number)]?.body as { value?: unknown } | null)?.value
      case 'bytes':
        return Buffer.alloc(Number(number), 7).toString('base64url')
      case 'pfx':
      case 'pem':
        return files[kind]
      case 'policy':
        return authority.policy
      case 'attestation':
        return authority.attest({ 'sdk-test': true })
      default:
        return value
    }
  })
}

function versionIn(body: unknown): string {
  const { key, id, kid } = (body ?? {}) as { key?: { kid?: string }; id?: string; kid?: string }
  return /[0-9a-f]{32}$/.exec(key?.kid ?? id ?? kid ?? '')?.[0] ?? 'unknown'
}

/** Null where they agree. */
function compare(
  facts: Facts,
  [, , , status, shape, headers, details = {}]: Step,
  reply: Reply,
  imports: boolean,
): string | null {
  const error = (reply.body as { error?: { code?: string; innererror?: { code?: string } } } | null)?.error
  if (reply.status !== status) return `${status} recorded, ${reply.status} ${error?.code ?? ''} answered`
  if ((details.e ?? undefined) !== error?.code) return `code ${details.e} recorded, ${error?.code} answered`
  if (details.i !== error?.innererror?.code)
    return `inner code ${details.i} recorded, ${error?.innererror?.code} answered`
  const missing = (facts.headers[headers] ?? []).filter((header) => !reply.headers.includes(header))
  if (missing.length > 0) return `headers ${missing.join(', ')} recorded`
  const unexpected = reply.headers.filter(
    (header) => /retry-after|location|www-/.test(header) && facts.headers[headers]?.includes(header) !== true,
  )
  if (headers !== -1 && unexpected.length > 0) return `headers ${unexpected.join(', ')} answered`
  const recorded = facts.shapes[shape]
  if (recorded === undefined) return null
  const answered = shapeOf(reply.body)
  const [a, b] = [parse(recorded), parse(answered)]
  if (imports) for (const members of [a, b]) members.get('policy')?.get('x509_props')?.delete('sans')
  return sameShape(a, b) ? null : `${recorded} recorded, ${answered} answered`
}

/** As {@link Facts.shapes}. */
function shapeOf(value: unknown): string {
  if (Array.isArray(value)) {
    return `[${typeof value[0] === 'object' ? shapeOf(value[0]) : ''}]`
  }
  if (typeof value !== 'object' || value === null) return ''
  return `{${Object.entries(value)
    .map(([name, member]) => name + (name === 'tags' ? '' : shapeOf(member)))
    .join(',')}}`
}

type Shape = Map<string, Shape>

function parse(text: string): Shape {
  let at = 0
  const read = (): Shape => {
    const members: Shape = new Map()
    const close = text[at] === '[' ? ']' : '}'
    at += 1
    if (close === ']') {
      if (text[at] === '{') members.set('[]', read())
      at += 1
      return members
    }
    while (text[at] !== close) {
      const name = /^[^,{}[\]]+/.exec(text.slice(at))?.[0] ?? ''
      at += name.length
      members.set(name, text[at] === '{' || text[at] === '[' ? read() : new Map())
      if (text[at] === ',') at += 1
    }
    at += 1
    return members
  }
  return text === '' ? new Map() : read()
}

/** Whether the recorded members are the answered ones, in that order, apart from later additions and empty lists. */
function sameShape(recorded: Shape, answered: Shape): boolean {
  if (isList(recorded) || isList(answered)) {
    const [a, b] = [recorded.get('[]'), answered.get('[]')]
    return a === undefined || b === undefined || sameShape(a, b)
  }
  const names = [...answered.keys()].filter((name) => recorded.has(name) || !later.has(name))
  return (
    names.join() === [...recorded.keys()].join() &&
    names.every((name) => sameShape(recorded.get(name) ?? new Map(), answered.get(name) ?? new Map()))
  )
}

function isList(shape: Shape): boolean {
  return shape.has('[]')
}
