import type { Configuration } from '../environment/configuration.ts'
import { readPasswordFile } from '../file/text-file.ts'
import type { Problems } from '../problems.ts'
import type { AdditionalKey } from '../schema/keys/signing-key.ts'
import type { AdditionalKeySetting } from '../settings.ts'

/** The further keys, with their passwords. An unreadable password file is a problem. */
export function readAdditionalKeys(
  keys: readonly AdditionalKey[],
  configuration: Configuration,
  problems: Problems,
): readonly AdditionalKeySetting[] {
  return keys.map(({ uri, create, passwordFile, signs, createdAt }, index) => {
    const setting = configuration.nameOf(['additionalSigningKeys', index, 'passwordFile'])
    return {
      source: `additionalSigningKeys[${index}]`,
      uri,
      createType: create ?? null,
      password:
        passwordFile === undefined ? null : problems.attempt(() => readPasswordFile(passwordFile, setting)),
      signs,
      createdAt: createdAt === undefined ? null : new Date(createdAt),
    }
  })
}
