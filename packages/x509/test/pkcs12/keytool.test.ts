import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { KeyTypeName } from '@sealwright/core'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { keytool, lacks, run, tryRun } from '@sealwright/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { writePkcs12, type Pkcs12Profile } from '../../src/index.ts'
import { identity } from '../support/certificates.ts'

const types: readonly KeyTypeName[] = ['rsa-2048', 'ec-p256', 'ec-p384', 'ec-p521', 'ec-secp256k1', 'ed25519']

// JDK 17 has neither PBMAC1 nor passwords that are not ASCII.
describe.skipIf(lacks('keytool')).each<Pkcs12Profile>(['modern', 'compatible'])(
  '%s [needs keytool]',
  (profile) => {
    test.each(['correct-horse', ''])('every kind of key under the password %j', async (password) => {
      const entries = await Promise.all(
        types.map(async (type) => {
          const { privateKey, certificate } = await identity(type)
          return { privateKey, certificates: [certificate], friendlyName: type }
        }),
      )
      const folder = scratchFolder()
      const path = join(folder, 'file.p12')
      writeFileSync(path, await writePkcs12(entries, password, { profile, iterations: 1000 }))
      // keytool takes an empty password from a file alone: for -storepass '' it asks, and then takes nothing for none.
      const [right, wrong] = [join(folder, 'right'), join(folder, 'wrong')]
      writeFileSync(right, password)
      writeFileSync(wrong, `${password}x`)
      const text = run(`${keytool} -list -keystore ${path} -storepass:file ${right}`)
      expect(text.match(/^\S+(?=, .*PrivateKeyEntry)/gm)?.toSorted()).toEqual(types.toSorted())
      expect(tryRun(`${keytool} -list -keystore ${path} -storepass:file ${wrong}`).stdout).toContain(
        'password was incorrect',
      )
      // -list looks at the MAC and the certificates; this opens a key as well.
      const copy = `-destkeystore ${join(folder, 'copy.p12')} -deststorepass another -noprompt`
      run(
        `${keytool} -importkeystore -srckeystore ${path} -srcstorepass:file ${right} -srcalias ec-p256 ${copy}`,
      )
    })
  },
)
