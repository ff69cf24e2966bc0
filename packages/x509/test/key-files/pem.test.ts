import { X509Certificate } from 'node:crypto'
import { lacks, run } from '@sealwright/test-kit/tools'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodePem, encodePem } from '../../src/index.ts'
import { identity } from '../support/certificates.ts'

describe('encodePem', () => {
  test('Node reads what it writes', async () => {
    const { certificate } = await identity('ec-p256')
    expect(new X509Certificate(encodePem('CERTIFICATE', certificate.raw)).raw).toEqual(certificate.raw)
  })

  test.skipIf(lacks('openssl'))('it writes as OpenSSL does [needs openssl]', async () => {
    const { certificate } = await identity('ec-p256')
    const pem = run('openssl x509 -inform DER -outform PEM', certificate.raw)
    expect(encodePem('CERTIFICATE', certificate.raw)).toBe(pem)
  })

  test.each(['', ' X', 'X ', 'A--B', 'A\nB', 'Ä'])('the label %j is refused', (label) => {
    expect(() => encodePem(label, Uint8Array.of(1))).toThrow(/the label of a PEM block has/)
  })
})

describe('decodePem', () => {
  test('reads back every block of any bytes', () => {
    const block = fc.record({
      label: fc.constantFrom('CERTIFICATE', 'PRIVATE KEY', 'X'),
      der: fc.uint8Array({ minLength: 1, maxLength: 300 }),
    })
    fc.assert(
      fc.property(fc.array(block), (blocks) => {
        const text = blocks.map(({ label, der }) => `explanatory text\n${encodePem(label, der)}`).join('')
        expect(decodePem(text)).toEqual(blocks)
        expect(decodePem(text.replaceAll('\n', '\r\n'))).toEqual(blocks)
      }),
    )
  })

  test('is empty for a text without blocks', () => {
    expect(decodePem('nothing\n')).toEqual([])
  })

  const begin = '-----BEGIN X-----'
  const end = '-----END X-----'
  test.each([
    ['no end', `${begin}\nAAAA\n`],
    ['another end', `${begin}\nAAAA\n-----END Y-----\n`],
    ['no begin', `${end}\n`],
    ['a block in a block', `${begin}\n${begin}\nAAAA\n${end}\n`],
    ['no content', `${begin}\n${end}\n`],
    ['base64url', `${begin}\nAA_A\n${end}\n`],
    ['no padding', `${begin}\nAAA\n${end}\n`],
    ['bits after the end', `${begin}\nAB==\n${end}\n`],
    ['content after the padding', `${begin}\nAA==\nAAAA\n${end}\n`],
    ['headers of encrypted PEM', `${begin}\nProc-Type: 4,ENCRYPTED\n\nAAAA\n${end}\n`],
    ['a malformed label', `-----BEGIN  X-----\nAAAA\n-----END  X-----\n`],
  ])('%s is refused', (_, text) => {
    expect(() => decodePem(text)).toThrow(expect.objectContaining({ code: 'INVALID_ENCODING' }))
  })

  test('more than 1 MiB is refused', () => {
    expect(() => decodePem(' '.repeat(2 ** 20 + 1))).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED' }),
    )
  })
})
