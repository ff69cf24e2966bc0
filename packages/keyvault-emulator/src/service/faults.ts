import { z } from 'zod'
import { setTimeout as sleep } from 'node:timers/promises'
import { EmulatorError, ServiceError } from '../protocol/errors.ts'
import type { ServiceResponse } from '../http/message.ts'
import { parseBody, type JsonObject } from '../protocol/body.ts'

/** The kind of fault. */
export type FaultKind =
  /** The answer comes late, by this many milliseconds. */
  | { readonly type: 'latency'; readonly ms: number }
  | StatusFault
  /** The connection is reset before anything is carried out. */
  | { readonly type: 'reset' }
  /** Nothing is carried out and no answer ever comes. */
  | { readonly type: 'hang' }
  /** The request is carried out, but the connection breaks half-way through the answer. */
  | { readonly type: 'truncate' }
  /**
   * The request is carried out, but the answer is altered: one bit of the `value` where it has one (so a signature
   * arrives well formed and wrong), one byte of the body elsewhere.
   */
  | { readonly type: 'corrupt' }

/** An error instead of the answer; nothing is carried out. */
export interface StatusFault {
  /** The kind of fault. */
  readonly type: 'status'
  /** 400 to 599. */
  readonly status: number
  /** Seconds for `Retry-After`. Default: no such header. */
  readonly retryAfter?: number | undefined
  /** `error.code`. Default: the service's for this status. */
  readonly code?: string | undefined
  /** `error.message`. Default: the service's for this status. */
  readonly message?: string | undefined
  /** `error.innererror.code`. Default: none. */
  readonly innererror?: string | undefined
}

/** A fault and the requests that it hits. */
export interface Fault {
  /** The kind of fault. */
  readonly fault: FaultKind
  /**
   * An operation such as `keys/sign`, or `challenge` (a request without a token), `token` (the authority),
   * `identity` (the managed identity endpoints), `certificates/issue` (an issuer that refuses: `status` faults only).
   * A `*` at the end stands for any rest, as in `keys/*`. Default `*`.
   */
  readonly operation?: string | undefined
  /** How many requests it hits. Default 1; `Infinity` for all until it is cleared. */
  readonly times?: number | undefined
  /** How many requests of that operation pass before it starts. Default 0. */
  readonly after?: number | undefined
  /** The share of requests that it hits once it has started, above 0 and up to 1, evenly spread. Default 1. */
  readonly rate?: number | undefined
}

const faultSchema = z.strictObject({
  fault: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('latency'), ms: z.int() }),
    z.strictObject({
      type: z.literal('status'),
      status: z.int(),
      retryAfter: z.int().optional(),
      code: z.string().optional(),
      message: z.string().optional(),
      innererror: z.string().optional(),
    }),
    z.strictObject({ type: z.enum(['reset', 'hang', 'truncate', 'corrupt']) }),
  ]),
  operation: z.string().optional(),
  times: z.union([z.literal('all').transform(() => Infinity), z.int()]).optional(),
  after: z.int().optional(),
  rate: z.number().optional(),
})

/**
 * A fault from JSON, for callers in other processes: as {@link Fault}, where `times` can be `"all"`.
 *
 * @throws ServiceError 400
 */
export function parseFault(input: JsonObject): Fault {
  return parseBody(faultSchema, input)
}

/** The faults that wait for their requests. */
export class Faults {
  #pending: { fault: Fault; passed: number; seen: number; hits: number }[] = []

  /** Adds a fault. Several can hit one request: latencies add up; of the others the oldest wins. */
  add(fault: Fault): void {
    const { times = 1, after = 0, rate = 1, fault: kind } = fault
    if (!(times > 0) || !(after >= 0)) throw new EmulatorError('times must be above 0 and after at least 0')
    if (!(rate > 0 && rate <= 1)) throw new EmulatorError('rate must be above 0 and at most 1')
    if (kind.type === 'status' && !(kind.status >= 400 && kind.status < 600)) {
      throw new EmulatorError(`a fault's status is 400 to 599, not ${kind.status}`)
    }
    this.#pending.push({ fault, passed: 0, seen: 0, hits: 0 })
  }

  /** Forgets every fault. */
  clear(): void {
    this.#pending = []
  }

  /** Takes the faults for one request of that operation. */
  take(operation: string): FaultKind[] {
    const taken: FaultKind[] = []
    for (const entry of this.#pending) {
      if (!matches(entry.fault.operation ?? '*', operation)) continue
      if (entry.passed < (entry.fault.after ?? 0)) {
        entry.passed += 1
        continue
      }
      if (isFailure(entry.fault.fault) && taken.some(isFailure)) continue
      const { rate = 1 } = entry.fault
      entry.seen += 1
      if (Math.floor(entry.seen * rate) === Math.floor((entry.seen - 1) * rate)) continue
      entry.hits += 1
      taken.push(entry.fault.fault)
    }
    this.#pending = this.#pending.filter((entry) => entry.hits < (entry.fault.times ?? 1))
    return taken
  }
}

/**
 * Carries out a request under faults.
 *
 * @param respond carries out the request
 */
export async function withFaults(
  faults: readonly FaultKind[],
  respond: () => Promise<ServiceResponse>,
): Promise<ServiceResponse> {
  const delay = faults.reduce((sum, fault) => sum + (fault.type === 'latency' ? fault.ms : 0), 0)
  if (delay > 0) await sleep(delay)
  const fault = faults.find(isFailure)
  if (fault === undefined) return respond()
  switch (fault.type) {
    case 'status':
      throw statusError(fault)
    case 'truncate':
      return { ...(await respond()), disruption: 'truncate' }
    case 'corrupt':
      return corrupted(await respond())
    default:
      return { status: 0, headers: {}, body: null, disruption: fault.type }
  }
}

/** Every fault but latency. */
function isFailure(fault: FaultKind): fault is Exclude<FaultKind, { type: 'latency' }> {
  return fault.type !== 'latency'
}

function statusError(fault: StatusFault): ServiceError {
  const { status, retryAfter, innererror } = fault
  const { code, message } = errorOf(fault)
  return new ServiceError(status, code, message, {
    ...(innererror === undefined ? {} : { innerCode: innererror }),
    ...(retryAfter === undefined ? {} : { headers: { 'retry-after': String(retryAfter) } }),
  })
}

/** Code and message of a fault, by default those of the service. */
export function errorOf({ status, code, message }: StatusFault): { code: string; message: string } {
  const [defaultCode, text] = statusBodies[status] ?? [
    'InjectedFault',
    `An injected fault of status ${status}.`,
  ]
  return { code: code ?? defaultCode, message: message ?? text }
}

/** The 429 of the service, for faults and for the throttle. */
export const throttledMessage =
  'Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached'

const statusBodies: Readonly<Record<number, readonly [string, string]>> = {
  401: [
    'Unauthorized',
    'AKV10046: Unable to resolve the key used for signature validation, or the signature is invalid.',
  ],
  408: ['RequestTimeout', 'The request timed out.'],
  429: ['Throttled', throttledMessage],
  500: ['InternalServerError', 'The server encountered an internal error.'],
  502: ['BadGateway', 'Bad gateway.'],
  503: ['ServiceUnavailable', 'The service is unavailable.'],
  504: ['GatewayTimeout', 'The gateway timed out.'],
}

function corrupted(response: ServiceResponse): ServiceResponse {
  if (response.body === null) return response
  const text = Buffer.from(response.body).toString()
  const value = /"value":"([A-Za-z0-9_-]+)"/.exec(text)?.[1]
  if (value === undefined) {
    const body = Buffer.from(response.body)
    const middle = Math.floor(body.length / 2)
    body[middle] = (body[middle] ?? 0) ^ 1
    return { ...response, body }
  }
  const bytes = Buffer.from(value, 'base64url')
  const middle = Math.floor(bytes.length / 2)
  bytes[middle] = (bytes[middle] ?? 0) ^ 1
  return { ...response, body: Buffer.from(text.replace(value, bytes.toString('base64url'))) }
}

function matches(pattern: string, operation: string): boolean {
  return pattern.endsWith('*') ? operation.startsWith(pattern.slice(0, -1)) : pattern === operation
}
