import type { KeyTypeName } from '@sealwright/core'
import { z } from 'zod'
import { orNull, type Section } from '../section.ts'
import { keyTypeName, signingAlgorithm } from './names.ts'

/** `signingKey`: what is null is not set. */
export interface SigningKeySection {
  readonly uri: string | null
  readonly password: string | null
  readonly passwordFile: string | null
  readonly algorithm: string | null
  readonly type: KeyTypeName | null
  readonly create: boolean | null
  readonly quota: number | null
  readonly rotationDays: number | null
}

const text = z.string().min(1)
const quotaRule = 'must be a number of signatures per ten seconds, such as 2000'
const daysRule = 'must be a whole number of days, such as 90'

export const signingKey: Section<SigningKeySection> = {
  schema: z
    .strictObject({
      uri: orNull(text),
      password: orNull(text),
      passwordFile: orNull(text),
      algorithm: orNull(signingAlgorithm),
      type: orNull(keyTypeName),
      create: orNull(z.boolean()),
      quota: orNull(z.int(quotaRule).min(1, quotaRule).max(999_999, quotaRule)),
      rotationDays: orNull(z.int(daysRule).min(1, daysRule).max(9999, daysRule)),
    })
    .prefault({}),
  variables: {
    SIGNING_KEY: ['uri'],
    SIGNING_KEY_PASSWORD: ['password'],
    SIGNING_KEY_PASSWORD_FILE: ['passwordFile'],
    SIGNING_ALGORITHM: ['algorithm'],
    SIGNING_KEY_TYPE: ['type'],
    SIGNING_KEY_CREATE: ['create'],
    SIGNING_KEY_QUOTA: ['quota'],
    SIGNING_KEY_ROTATION_DAYS: ['rotationDays'],
  },
}

/** Where the development key is kept; null for the folder of the app. */
export const dataDir: Section<string | null> = {
  schema: orNull(text),
  variables: { DATA_DIR: [] },
}

/** A further key as the settings have it, checked. */
export interface AdditionalKey {
  readonly uri: string
  readonly create?: KeyTypeName | undefined
  readonly passwordFile?: string | undefined
  readonly signs: boolean
  readonly createdAt?: string | undefined
}

export const additionalSigningKeys: Section<readonly AdditionalKey[]> = {
  schema: z
    .array(
      z.strictObject({
        uri: text,
        create: keyTypeName.optional(),
        passwordFile: text.optional(),
        signs: z.boolean().default(true),
        createdAt: z.iso.datetime({ offset: true }).optional(),
      }),
    )
    .max(10)
    .default([]),
}
