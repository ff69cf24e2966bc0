import type { KeyObject } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLocalSigner, SealwrightError } from '@sealwright/core'
import { failure } from '@sealwright/test-kit/errors'
import { scratchFolder } from '@sealwright/test-kit/folders'
import {
  createSelfSignedCertificate,
  generatePrivateKey,
  writePkcs12,
  type Pkcs12Entry,
} from '@sealwright/x509'
import { describe, expect, test } from 'vitest'
import { ownerOnly } from '../../src/files/access-rule.ts'
import { inFile, readCertificateFile, readImportedKey, withPrivateKey } from '../../src/files/pkcs12-file.ts'

async function entry(subject: string): Promise<Pkcs12Entry & { readonly privateKey: KeyObject }> {
  const privateKey = await generatePrivateKey('ec-p256')
  const certificate = await createSelfSignedCertificate(createLocalSigner(privateKey), { subject })
  return { privateKey, certificates: [certificate], friendlyName: subject }
}

function saved(bytes: Uint8Array): string {
  const path = join(scratchFolder(), 'a.pfx')
  writeFileSync(path, bytes, { mode: 0o600 })
  return path
}

async function file(entries: Pkcs12Entry | readonly Pkcs12Entry[], password = ''): Promise<string> {
  return saved(await writePkcs12(entries, password, { iterations: 1 }))
}

/** A PFX with no bag in it, under the empty password. */
const empty = Buffer.from(
  'MEgCAQMwEQYJKoZIhvcNAQcBoAQEAjAAMDAwITAJBgUrDgMCGgUABBQx9IwdN+VZKSSD5s+gU/u41lMrIwQIAAAAAAAAAAACAQE=',
  'base64',
)

describe('reading', () => {
  test('a key comes with its certificates and the state of its file', async () => {
    const { privateKey, certificates, friendlyName } = await entry('CN=own')
    const path = await file({ privateKey, certificates, friendlyName }, 'pw')
    const read = await readCertificateFile(path, 'pw', ownerOnly)
    expect(read).toMatchObject({ path, friendlyName, issuers: [], identity: expect.any(String) as string })
    expect(read.certificate.raw).toEqual(certificates[0]?.raw)
    expect(read.privateKey?.equals(privateKey)).toBe(true)
    expect(read).not.toHaveProperty('bytes')
  })

  test('certificates alone are one with its issuers, without a name', async () => {
    const [own, other] = [await entry('CN=own'), await entry('CN=other')]
    const certificates = [...own.certificates, ...other.certificates]
    const path = await file({ certificates, friendlyName: 'a name' })
    const read = await readCertificateFile(path, '', ownerOnly)
    expect(read).toMatchObject({ path, friendlyName: null, privateKey: null })
    expect(read.certificate.subject).toBe('CN=own')
    expect(read.issuers.map(({ subject }) => subject)).toEqual(['CN=other'])
    expect(await failure('INVALID_ENCODING', () => withPrivateKey(read))).toBe(
      `${path} holds a certificate without its private key; export it again with the key`,
    )
  })

  test('a file with no key and no certificate is refused', async () => {
    const path = saved(empty)
    expect(await failure('INVALID_ENCODING', () => readCertificateFile(path, '', ownerOnly))).toBe(
      `${path}: the file holds no private key and no certificate`,
    )
  })

  test('a file with two keys is refused, also when it is imported', async () => {
    const two = [await entry('CN=one'), await entry('CN=two')]
    const message = 'the file holds 2 private keys; a file to sign with has exactly one'
    const path = await file(two)
    expect(await failure('INVALID_ENCODING', () => readCertificateFile(path, '', ownerOnly))).toBe(
      `${path}: ${message}`,
    )
    const bytes = await writePkcs12(two, '', { iterations: 1 })
    expect(await failure('INVALID_ENCODING', () => readImportedKey(bytes, ''))).toBe(message)
  })

  test('a file that is not there is named', async () => {
    const path = join(scratchFolder(), 'a.pfx')
    expect(await failure('NOT_FOUND', () => readCertificateFile(path, '', ownerOnly))).toBe(
      `there is no file ${path}`,
    )
  })
})

describe('importing', () => {
  test('what lacks its key or its certificate is refused for that', async () => {
    const { privateKey, certificates } = await entry('CN=own')
    for (const [pem, message] of [
      [String(certificates[0]), 'the file holds no private key'],
      [
        privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
        'no certificate in the file belongs to its private key',
      ],
    ] as const) {
      expect(await failure('INVALID_ENCODING', () => readImportedKey(Buffer.from(pem), ''))).toBe(message)
    }
  })
})

test('only an error of Sealwright gets the path in front', () => {
  const cause = new SealwrightError('WRONG_PASSWORD', 'it does not open')
  expect(inFile('/a.pfx', cause)).toMatchObject({
    code: 'WRONG_PASSWORD',
    message: '/a.pfx: it does not open',
    cause,
  })
  const other = new Error('a defect')
  expect(inFile('/a.pfx', other)).toBe(other)
})
