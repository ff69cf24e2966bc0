import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import type { KeyTypeName } from '@sealwright/core'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacks, lacksPython, run, tryRun } from '@sealwright/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { writePkcs12, type Pkcs12Profile } from '../../src/index.ts'
import { identity } from '../support/certificates.ts'
import { pythonCryptography } from '../support/tools.ts'

/** Every kind of key in every profile with every kind of password, in the hands of every reader that is here. */

const types: readonly KeyTypeName[] = ['rsa-2048', 'ec-p256', 'ec-p384', 'ec-p521', 'ec-secp256k1', 'ed25519']
const passwords = ['correct-horse', 'pässwörd ένα', '']

interface File {
  readonly type: KeyTypeName
  readonly password: string
  readonly passwordFile: string
  readonly bytes: Uint8Array
  readonly path: string
}

async function filesOf(profile: Pkcs12Profile): Promise<readonly File[]> {
  const folder = scratchFolder()
  const rows = types.flatMap((type) => passwords.map((password) => ({ type, password })))
  return Promise.all(
    rows.map(async ({ type, password }, index) => {
      const { privateKey, certificate } = await identity(type)
      const contents = { privateKey, certificates: [certificate], friendlyName: `my ${type}` }
      const bytes = await writePkcs12(contents, password, { profile, iterations: 10 })
      const [path, passwordFile] = [join(folder, `${index}.p12`), join(folder, `${index}.txt`)]
      writeFileSync(path, bytes)
      writeFileSync(passwordFile, `${password}\n`)
      return { type, password, passwordFile, bytes, path }
    }),
  )
}

// These read no PBMAC1 in the versions that Debian 12 has; docs/readers.md says from which on they do.
describe.each<Pkcs12Profile>(['modern', 'compatible'])('%s', (profile) => {
  test.skipIf(lacks('openssl'))('OpenSSL [needs openssl]', async () => {
    for (const { type, passwordFile, path } of await filesOf(profile)) {
      const text = run(`openssl pkcs12 -in ${path} -passin file:${passwordFile} -nodes`)
      expect(text).toContain(`friendlyName: my ${type}`)
      expect(text).toContain('BEGIN PRIVATE KEY')
    }
  })

  test.skipIf(lacks('certtool'))('GnuTLS [needs certtool]', async () => {
    for (const { type, password, path } of await filesOf(profile)) {
      // The command line is split at spaces.
      const { status, stdout } = tryRun(`certtool --p12-info --inder --infile ${path}`, `${password}\n`)
      expect({ type, password, status }).toEqual({ type, password, status: 0 })
      expect(stdout).toContain(`Friendly name: my ${type}`)
    }
  })

  test.skipIf(lacks('pk12util'))('NSS [needs pk12util]', async () => {
    for (const { type, passwordFile, path } of await filesOf(profile)) {
      expect(run(`pk12util -l ${path} -w ${passwordFile}`)).toContain(`Friendly Name: my ${type}`)
    }
  })
})

describe.each<Pkcs12Profile>(['modern', 'compatible', 'pbmac1'])('%s', (profile) => {
  test("Node's own OpenSSL (pbmac1 from 3.4 on, refused before)", async () => {
    const outcome = profile === 'pbmac1' && opensslOfNodeBefore(3, 4) ? 'refused' : 'read'
    for (const { bytes, password } of await filesOf(profile)) {
      expect(tryToLoad(bytes, password)).toBe(outcome)
      expect(tryToLoad(bytes, `${password}x`)).toBe('refused')
    }
  })

  test.skipIf(lacksPython(pythonCryptography))(
    "Python's cryptography [needs python3 with cryptography 44]",
    async () => {
      const script = join(scratchFolder(), 'read.py')
      writeFileSync(
        script,
        `import sys
from cryptography.hazmat.primitives.serialization import pkcs12
for path in sys.argv[1:]:
    password = open(path.replace('.p12', '.txt'), encoding='utf-8').read().rstrip('\\n').encode()
    file = pkcs12.load_pkcs12(open(path, 'rb').read(), password)
    assert file.key.public_key() == file.cert.certificate.public_key()
    print(file.cert.friendly_name.decode())
`,
      )
      const files = await filesOf(profile)
      const names = run(`python3 ${script} ${files.map(({ path }) => path).join(' ')}`)
      expect(names.trim().split('\n')).toEqual(files.map(({ type }) => `my ${type}`))
    },
  )
})

describe.skipIf(lacks('certtool', 'pk12util', 'openssl') || lacksPython(pythonCryptography))(
  'several entries [needs openssl, certtool, pk12util and python3 with cryptography 44]',
  () => {
    test('two keys, and certificates alone', async () => {
      const [one, two] = await Promise.all([identity('ec-p256'), identity('ed25519')])
      const folder = scratchFolder()
      const entries = [
        { privateKey: one.privateKey, certificates: [one.certificate], friendlyName: 'one' },
        { privateKey: two.privateKey, certificates: [two.certificate], friendlyName: 'two' },
      ]
      const alone = { certificates: [one.certificate, two.certificate], friendlyName: 'one' }
      for (const [contents, keys] of [
        [entries, 2],
        [alone, 0],
      ] as const) {
        const path = join(folder, `${keys}.p12`)
        // oxlint-disable-next-line no-await-in-loop
        writeFileSync(path, await writePkcs12(contents, 'x', { iterations: 10 }))
        const openssl = run(`openssl pkcs12 -in ${path} -passin pass:x -nodes`)
        expect(openssl.match(/BEGIN CERTIFICATE/g)).toHaveLength(2)
        expect(openssl.match(/BEGIN PRIVATE KEY/g) ?? []).toHaveLength(keys)
        const certtool = run(`certtool --p12-info --inder --infile ${path} --password x`)
        expect(certtool.match(/BEGIN CERTIFICATE/g)).toHaveLength(2)
        expect(certtool.match(/BEGIN ENCRYPTED PRIVATE KEY/g) ?? []).toHaveLength(keys)
        expect(run(`pk12util -l ${path} -W x`).match(/^Certificate/gm)).toHaveLength(2)
      }
    })
  },
)

function tryToLoad(bytes: Uint8Array, passphrase: string): 'read' | 'refused' {
  try {
    createSecureContext({ pfx: Buffer.from(bytes), passphrase })
    return 'read'
  } catch {
    return 'refused'
  }
}

function opensslOfNodeBefore(major: number, minor: number): boolean {
  const [actualMajor = 0, actualMinor = 0] = process.versions.openssl.split('.').map(Number)
  return actualMajor < major || (actualMajor === major && actualMinor < minor)
}
