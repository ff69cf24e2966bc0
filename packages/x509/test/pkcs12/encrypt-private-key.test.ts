import { createPrivateKey, createPublicKey } from 'node:crypto'
import { lacks, run } from '@sealwright/test-kit/tools'
import { expect, test } from 'vitest'
import { encodePem, encryptPrivateKey, generatePrivateKey, readKeyFile } from '../../src/index.ts'

const privateKey = await generatePrivateKey('ec-p256')
const pkcs8 = privateKey.export({ format: 'pem', type: 'pkcs8' })

test('an encrypted key is read back by this package and by Node', async () => {
  const der = await encryptPrivateKey(privateKey, () => 'correct-horse')
  const { format, keys, encryptions } = await readKeyFile(der, 'correct-horse')
  expect(format).toBe('encrypted PKCS#8')
  expect(keys[0]?.privateKey.export({ format: 'pem', type: 'pkcs8' })).toBe(pkcs8)
  expect(encryptions).toEqual([
    { algorithm: 'PBES2 with PBKDF2-HMAC-SHA-256 and AES-256-CBC', iterations: 600_000, weak: false },
  ])
  const pem = encodePem('ENCRYPTED PRIVATE KEY', der)
  const read = createPrivateKey({ key: pem, passphrase: 'correct-horse' })
  expect(read.export({ format: 'pem', type: 'pkcs8' })).toBe(pkcs8)
  await expect(readKeyFile(der, 'wrong')).rejects.toMatchObject({ code: 'WRONG_PASSWORD' })
})

test.skipIf(lacks('openssl'))('an encrypted key is read by OpenSSL [needs openssl]', async () => {
  const pem = encodePem(
    'ENCRYPTED PRIVATE KEY',
    await encryptPrivateKey(privateKey, 'pw', { iterations: 1000 }),
  )
  expect(run('openssl pkey -passin pass:pw', pem)).toBe(pkcs8)
})

test.each([
  ['an empty password', () => encryptPrivateKey(privateKey, '')],
  ['a public key', () => encryptPrivateKey(createPublicKey(privateKey), 'pw')],
  ['no iterations', () => encryptPrivateKey(privateKey, 'pw', { iterations: 0 })],
  ['iterations that readers refuse', () => encryptPrivateKey(privateKey, 'pw', { iterations: 10_000_001 })],
])('%s is refused', async (_, call) => {
  await expect(call()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
})
