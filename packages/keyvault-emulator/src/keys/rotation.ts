import { z } from 'zod'
import { newVersionId } from '../vault/attributes.ts'
import { badParameter } from '../protocol/errors.ts'
import { generateKeyMaterial, curveOf, isRsa, keySize } from './material.ts'
import { requireVersion } from '../vault/collection.ts'
import { keyBody } from './keys.ts'
import { requireActive } from '../vault/soft-delete.ts'
import { ok, seconds, withBody, type Answer, type Call, type Operation } from '../vault/operation.ts'
import type { KeyMaterial, KeyVersion, RotationPolicy } from '../vault/records.ts'

const rotationPolicySchema = z.object({
  attributes: z.object({ expiryTime: z.string().optional() }).optional(),
  lifetimeActions: z
    .array(z.looseObject({ action: z.looseObject({ type: z.string().optional() }).optional() }))
    .optional(),
})

/**
 * Rotation on request, and the policy for it. The emulator keeps and returns the policy and gives rotated keys its
 * expiry, but it never rotates by itself: a test that wants that moves the clock and calls rotate.
 */
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

async function rotateKey(call: Call): Promise<Answer> {
  const [, current] = requireVersion('key', call, call.vault.read(call.name).key)
  if (current.managed) {
    throw badParameter(`Operation rotate is not allowed on key ${call.name}: it belongs to a certificate.`)
  }
  const material = await generateKeyMaterial(specificationOf(current.material))
  return call.vault.update(call.name, (draft) => {
    const [record, previous] = requireVersion('key', call, draft.key)
    const now = seconds(call.settings)
    const expiry = record.rotationPolicy?.attributes.expiryTime
    const version: KeyVersion = {
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
    record.versions.push(version)
    return ok(keyBody(call, record, version))
  })
}

function setRotationPolicy(call: Call<z.output<typeof rotationPolicySchema>>): Answer {
  return call.vault.update(call.name, (draft) => {
    const record = requireActive(draft.key, 'key', call.name, call.settings.now())
    const now = seconds(call.settings)
    const { attributes: { expiryTime } = {}, lifetimeActions: actions = [] } = call.body
    if (expiryTime !== undefined) addDuration(now, expiryTime)
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

function isNotification({ action }: { action?: { type?: string | undefined } | undefined }): boolean {
  return action?.type?.toLowerCase() === 'notify'
}

function policyBody(call: Call, policy: RotationPolicy | null): object {
  if (policy === null) return { lifetimeActions: [notification], attributes: null }
  return { id: `${call.baseUrl}/keys/${call.name}/rotationpolicy`, ...policy }
}

function specificationOf(material: KeyMaterial): { kty: string; keySize?: number; curve?: string } {
  return isRsa(material.kty)
    ? { kty: material.kty, keySize: keySize(material) }
    : { kty: material.kty, curve: curveOf(material) }
}

/**
 * A time in seconds, moved by an ISO 8601 duration of years, months and days, as the service's policies have them.
 *
 * @throws ServiceError 400 for any other duration
 */
function addDuration(time: number, duration: string): number {
  const match = /^P(?=\d)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?$/.exec(duration)
  if (match === null) throw badParameter(`'${duration}' is not a duration of years, months and days.`)
  const [years, months, weeks, days] = match.slice(1).map((part) => Number(part ?? 0))
  const date = new Date(time * 1000)
  date.setUTCMonth(date.getUTCMonth() + 12 * (years ?? 0) + (months ?? 0))
  date.setUTCDate(date.getUTCDate() + 7 * (weeks ?? 0) + (days ?? 0))
  return Math.floor(date.getTime() / 1000)
}
