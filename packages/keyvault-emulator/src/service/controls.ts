import { z } from 'zod'
import { parseBody, parseJsonObject } from '../protocol/body.ts'
import { jsonResponse, type ServiceRequest, type ServiceResponse } from '../http/message.ts'
import type { Clock } from './clock.ts'
import { parseFault, type Faults } from './faults.ts'
import { overviewPage } from './page.ts'
import type { RequestLog } from './request-log.ts'
import type { Vault } from '../vault/vault.ts'

/** What the controls act on. */
export interface Controlled {
  readonly clock: Clock
  readonly faults: Faults
  readonly requests: RequestLog
  /** The certificate of the emulator's CA, PEM. */
  readonly ca: string
  /** The vaults that have been asked for. */
  vaults(): readonly Vault[]
}

const clockSchema = z.strictObject({
  advanceSeconds: z.number().optional(),
  now: z.iso.datetime({ offset: true, error: 'an ISO 8601 time with its zone' }).optional(),
})

/**
 * Answers what other processes ask the emulator itself, over plain HTTP.
 *
 * @returns null for any other path
 */
export function handleControls(controlled: Controlled, request: ServiceRequest): ServiceResponse | null {
  const { clock, faults, requests, ca } = controlled
  switch (`${request.method} ${request.url.pathname}`) {
    case 'GET /':
      return overviewPage(controlled.vaults(), requests)
    case 'GET /health':
      return jsonResponse(200, { status: 'ok' })
    case 'GET /ca.pem':
      return {
        status: 200,
        headers: { 'content-type': 'application/x-pem-file' },
        body: Buffer.from(ca),
        disruption: null,
      }
    case 'GET /requests':
      return jsonResponse(200, requests.list())
    case 'GET /clock':
      return clockResponse(clock)
    case 'POST /clock':
      return change(request, (body) => {
        const { advanceSeconds, now } = parseBody(clockSchema, body)
        if (now !== undefined) clock.set(Date.parse(now))
        clock.advance(1000 * (advanceSeconds ?? 0))
        return clockResponse(clock)
      })
    case 'POST /faults':
      return change(request, (body) => {
        faults.add(parseFault(body))
        return noContent
      })
    case 'DELETE /faults':
      faults.clear()
      return noContent
    default:
      return null
  }
}

const noContent: ServiceResponse = { status: 204, headers: {}, body: null, disruption: null }

function clockResponse(clock: Clock): ServiceResponse {
  return jsonResponse(200, { now: new Date(clock.now()).toISOString() })
}

function change(
  request: ServiceRequest,
  act: (body: ReturnType<typeof parseJsonObject>) => ServiceResponse,
): ServiceResponse {
  // A content type that a web page cannot send across origins without asking first.
  if (request.headers['content-type']?.startsWith('application/json') !== true) {
    return jsonResponse(415, { error: 'Send application/json.' })
  }
  try {
    return act(parseJsonObject(request.body))
  } catch (error) {
    return jsonResponse(400, { error: error instanceof Error ? error.message : String(error) })
  }
}
