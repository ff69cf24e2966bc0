import { z } from 'zod'
import { newVersionId } from '../vault/attributes.ts'
import { badParameter } from '../protocol/errors.ts'
import { generateKeyMaterial, generateKeyMaterialSync, specificationOf } from './material.ts'
import { requireVersion } from '../vault/collection.ts'
import { keyBody } from './keys.ts'
import { presenceOf, requireActive } from '../vault/soft-delete.ts'
import {
  ok,
  seconds,
  withBody,
  type Answer,
  type Call,
  type Operation,
  type ServiceSettings,
} from '../vault/operation.ts'
import type { KeyMaterial, KeyRecord, KeyVersion, RotationAction, RotationPolicy } from '../vault/records.ts'
import type { Settlement } from '../vault/vault.ts'

const rotationPolicySchema = z.object({
  attributes: z.object({ expiryTime: z.string().optional() }).optional(),
  lifetimeActions: z
    .array(
      z.object({
        trigger: z
          .object({ timeAfterCreate: z.string().optional(), timeBeforeExpiry: z.string().optional() })
          .optional(),
        action: z.object({ type: z.string().optional() }).optional(),
      }),
    )
    .optional(),
})

/** Key rotation on request and by policy. */
export const rotationOperations: readonly Operation[] = [
  {
    name: 'keys/rotate',
    method: 'POST',
    path: 'keys/{name}/rotate',
    permission: ['keys', 'rotate'],
    quota: 'create',
    handle: rotateKey,
  },
  {
    name: 'keys/getRotationPolicy',
    method: 'GET',
    path: 'keys/{name}/rotationpolicy',
    permission: ['keys', 'getrotationpolicy'],
    quota: 'key',
    handle(call) {
      const record = requireActive(call.vault.read(call.name).key, 'key', call.name, call.settings.now())
      return ok(policyBody(call, record.rotationPolicy))
    },
  },
  {
    name: 'keys/setRotationPolicy',
    method: 'PUT',
    path: 'keys/{name}/rotationpolicy',
    permission: ['keys', 'setrotationpolicy'],
    quota: 'key',
    handle: withBody(rotationPolicySchema, setRotationPolicy),
  },
]

/** Rotates the keys whose policy says so. */
export function rotationSettlement(settings: ServiceSettings): Settlement {
  return {
    isDue: ({ key }) =>
      key !== null &&
      presenceOf(key, settings.now()) === 'active' &&
      seconds(settings) >= (rotationTime(key) ?? Infinity),
    settle({ key }) {
      const current = key?.versions.at(-1)
      if (key === null || current === undefined) return
      const material = generateKeyMaterialSync(specificationOf(current.material))
      key.versions.push(rotated(key, current, material, rotationTime(key) ?? seconds(settings)))
    },
  }
}

/** When the policy rotates the key, in seconds since the epoch; null when it does not. */
function rotationTime({ versions, rotationPolicy }: KeyRecord): number | null {
  const current = versions.at(-1)
  if (current === undefined || current.managed || rotationPolicy === null) return null
  const { created, exp } = current.attributes
  const times = rotationPolicy.lifetimeActions.flatMap(({ trigger, action }) => {
    if (action?.type?.toLowerCase() !== 'rotate') return []
    const { timeAfterCreate: after, timeBeforeExpiry: before } = trigger ?? {}
    return [
      ...(after === undefined ? [] : [addDuration(created, after)]),
      ...(before === undefined || exp === undefined ? [] : [addDuration(exp, before, -1)]),
    ]
  })
  // A trigger before the creation would rotate endlessly.
  const later = times.filter((time) => time > created)
  return later.length === 0 ? null : Math.min(...later)
}

async function rotateKey(call: Call): Promise<Answer> {
  const [, current] = requireVersion('key', call, call.vault.read(call.name).key)
  if (current.managed) {
    throw badParameter(`Operation rotate is not allowed on key ${call.name}: it belongs to a certificate.`)
  }
  const material = await generateKeyMaterial(specificationOf(current.material))
  return call.vault.update(call.name, (draft) => {
    const [record, previous] = requireVersion('key', call, draft.key)
    const version = rotated(record, previous, material, seconds(call.settings))
    record.versions.push(version)
    return ok(keyBody(call, record, version))
  })
}

/**
 * The next version of a key.
 *
 * @param now seconds since the epoch
 */
function rotated(
  { rotationPolicy }: KeyRecord,
  previous: KeyVersion,
  material: KeyMaterial,
  now: number,
): KeyVersion {
  const expiry = rotationPolicy?.attributes.expiryTime
  return {
    version: newVersionId(),
    attributes: {
      enabled: true,
      ...(expiry === undefined ? {} : { exp: addDuration(now, expiry) }),
      created: now,
      updated: now,
    },
    keyOps: previous.keyOps,
    material,
    exportable: false,
    managed: false,
    ...(previous.tags === undefined ? {} : { tags: previous.tags }),
  }
}

function setRotationPolicy(call: Call<z.output<typeof rotationPolicySchema>>): Answer {
  return call.vault.update(call.name, (draft) => {
    const record = requireActive(draft.key, 'key', call.name, call.settings.now())
    const now = seconds(call.settings)
    const { attributes: { expiryTime } = {}, lifetimeActions: actions = [] } = call.body
    const durations = actions.flatMap(({ trigger }) => [trigger?.timeAfterCreate, trigger?.timeBeforeExpiry])
    for (const duration of [expiryTime, ...durations]) {
      if (duration !== undefined) addDuration(now, duration)
    }
    record.rotationPolicy = {
      lifetimeActions: actions.some(isNotification) ? [...actions] : [...actions, notification],
      attributes: {
        ...(expiryTime === undefined ? {} : { expiryTime }),
        created: record.rotationPolicy?.attributes.created ?? now,
        updated: now,
      },
    }
    return ok(policyBody(call, record.rotationPolicy))
  })
}

/** What the service adds to every policy, and shows where none was set. */
const notification = { trigger: { timeBeforeExpiry: 'P30D' }, action: { type: 'Notify' } }

function isNotification({ action }: RotationAction): boolean {
  return action?.type?.toLowerCase() === 'notify'
}

function policyBody(call: Call, policy: RotationPolicy | null): object {
  if (policy === null) return { lifetimeActions: [notification], attributes: null }
  return { id: `${call.baseUrl}/keys/${call.name}/rotationpolicy`, ...policy }
}

/**
 * A time in seconds, moved by an ISO 8601 duration of years, months, weeks and days, as the service's policies have
 * them.
 *
 * @param sign -1 moves it back
 * @throws ServiceError 400 for any other duration
 */
function addDuration(time: number, duration: string, sign: 1 | -1 = 1): number {
  const match = /^P(?=\d)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?$/.exec(duration)
  if (match === null) throw badParameter(`'${duration}' is not a duration of years, months and days.`)
  const [years, months, weeks, days] = match.slice(1).map((part) => sign * Number(part ?? 0))
  const date = new Date(time * 1000)
  date.setUTCMonth(date.getUTCMonth() + 12 * (years ?? 0) + (months ?? 0))
  date.setUTCDate(date.getUTCDate() + 7 * (weeks ?? 0) + (days ?? 0))
  return Math.floor(date.getTime() / 1000)
}
