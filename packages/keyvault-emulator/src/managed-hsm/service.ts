import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { badParameter, ServiceError } from '../protocol/errors.ts'
import { ok, withBody, type Call, type Operation } from '../vault/operation.ts'

const maximumRandomBytes = 128
const settingName = 'AllowKeyManagementOperationsThroughARM'

/** Random bytes, and the one setting of a managed HSM. */
export const hsmServiceOperations: readonly Operation[] = [
  {
    name: 'rng',
    method: 'POST',
    path: 'rng',
    permission: ['keys', 'get'],
    quota: 'other',
    handle: withBody(z.object({ count: z.int() }), ({ body: { count } }) => {
      if (count < 1 || count > maximumRandomBytes) {
        throw badParameter(`count must be between 1 and ${maximumRandomBytes}`)
      }
      return ok({ value: randomBytes(count).toString('base64url') })
    }),
  },
  {
    name: 'settings/read',
    method: 'GET',
    path: 'settings',
    permission: ['keys', 'get'],
    quota: 'other',
    handle: (call) => ok({ settings: [settingBody(call)] }),
  },
  {
    name: 'settings/read',
    method: 'GET',
    path: 'settings/{name}',
    permission: ['keys', 'get'],
    quota: 'other',
    handle: (call) => {
      requireSetting(call)
      return ok(settingBody(call))
    },
  },
  {
    name: 'settings/write',
    method: 'PATCH',
    path: 'settings/{name}',
    permission: ['keys', 'get'],
    quota: 'other',
    handle: withBody(z.object({ value: z.enum(['true', 'false']) }), (call) => {
      requireSetting(call)
      call.vault.updateSettings((draft) => {
        draft.allowKeyManagementThroughArm = call.body.value
      })
      return ok(settingBody(call))
    }),
  },
]

function requireSetting({ name }: Call): void {
  if (name.toLowerCase() === settingName.toLowerCase()) return
  throw new ServiceError(404, 'SettingNotFound', `Setting ${name} not found`)
}

function settingBody({ vault }: Call): object {
  return { name: settingName, type: 'boolean', value: vault.settings.allowKeyManagementThroughArm ?? 'false' }
}
