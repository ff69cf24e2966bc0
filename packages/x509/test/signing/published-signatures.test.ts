import { createPrivateKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLocalSigner } from '@sealwright/core'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacks, run } from '@sealwright/test-kit/tools'
import { expect, test } from 'vitest'
import { createSelfSignedCertificate } from '../../src/index.ts'
import { SignerEngine } from '../../src/signing/signer-engine.ts'
import { identity } from '../support/certificates.ts'
import { decode, encode, octets } from '../support/tlv.ts'

/** Signatures that have one right value, byte by byte: those of RSA PKCS#1 v1.5 and Ed25519. */

test('the certificate of RFC 8410 §10.2, signed with the key of §10.3, comes out as it is printed there', async () => {
  const certificate = Buffer.from(
    'MIIBLDCB36ADAgECAghWAUdKKo3DMDAFBgMrZXAwGTEXMBUGA1UEAwwOSUVURiBUZX' +
      'N0IERlbW8wHhcNMTYwODAxMTIxOTI0WhcNNDAxMjMxMjM1OTU5WjAZMRcwFQYDVQQD' +
      'DA5JRVRGIFRlc3QgRGVtbzAqMAUGAytlbgMhAIUg8AmJMKdUdIt93LQ+91oNvzoNJj' +
      'ga9OukqY6qm05qo0UwQzAPBgNVHRMBAf8EBTADAQEAMA4GA1UdDwEBAAQEAwIDCDAg' +
      'BgNVHQ4BAQAEFgQUmx9e7e0EM4Xk97xiPFl1uQvIuzswBQYDK2VwA0EAryMB/t3J5v' +
      '/BzKc9dNZIpDmAgs3babFOTQbs+BolzlDUwsPrdGxO3YNGhW7Ibz3OGhhlxXrCe1Cg' +
      'w1AH9efZBw==',
    'base64',
  )
  const key = createPrivateKey({
    key: Buffer.from('MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC', 'base64'),
    format: 'der',
    type: 'pkcs8',
  })
  const [toBeSigned = octets([]), , signature] = decode(certificate).children
  const signed = await new SignerEngine(createLocalSigner(key)).signWithPrivateKey(encode(toBeSigned))
  expect(Buffer.from(signed)).toEqual(Buffer.from(signature?.content.subarray(1) ?? []))
})

test('the RSA signature of RFC 7515 A.2 is that of a document with the same bytes', async () => {
  const key = createPrivateKey({ key: rfc7515Key, format: 'jwk' })
  const signed =
    'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ'
  const engine = new SignerEngine(createLocalSigner(key, { algorithm: 'RS256' }))
  const signature = await engine.signWithPrivateKey(Buffer.from(signed))
  expect(Buffer.from(signature).toString('base64url')).toBe(
    'cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw',
  )
})

test.skipIf(lacks('openssl')).each([
  ['RS256', 'rsa-2048', '-sha256'],
  ['RS384', 'rsa-2048', '-sha384'],
  ['RS512', 'rsa-2048', '-sha512'],
  ['Ed25519', 'ed25519', '-rawin'],
] as const)(
  '%s: OpenSSL signs a certificate with the same bytes [needs openssl]',
  async (algorithm, type, option) => {
    const { privateKey } = await identity(type)
    const signer = createLocalSigner(privateKey, { algorithm })
    const certificate = decode((await createSelfSignedCertificate(signer, { subject: 'CN=a' })).raw)
    const [toBeSigned, , signature] = certificate.children
    const folder = scratchFolder()
    const [keyFile, dataFile, signatureFile] = ['key.pem', 'data', 'signature'].map((name) =>
      join(folder, name),
    )
    writeFileSync(keyFile ?? '', pem(privateKey))
    writeFileSync(dataFile ?? '', encode(toBeSigned ?? octets([])))
    const command =
      option === '-rawin'
        ? `openssl pkeyutl -sign -rawin -inkey ${keyFile} -in ${dataFile} -out ${signatureFile}`
        : `openssl dgst ${option} -sign ${keyFile} -out ${signatureFile} ${dataFile}`
    run(command)
    const hex = run(`od -An -v -tx1 ${signatureFile}`).replaceAll(/\s/g, '')
    // A BIT STRING without unused bits.
    expect(Buffer.from(signature?.content ?? []).toString('hex')).toBe(`00${hex}`)
  },
)

function pem(privateKey: KeyObject): string {
  return privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
}

/** RFC 7515 A.2.1 */
const rfc7515Key: JsonWebKey = {
  kty: 'RSA',
  n: 'ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ',
  e: 'AQAB',
  d: 'Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ',
  p: '4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc',
  q: 'uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc',
  dp: 'BwKfV3Akq5_MFZDFZCnW-wzl-CCo83WoZvnLQwCTeDv8uzluRSnm71I3QCLdhrqE2e9YkxvuxdBfpT_PI7Yz-FOKnu1R6HsJeDCjn12Sk3vmAktV2zb34MCdy7cpdTh_YVr7tss2u6vneTwrA86rZtu5Mbr1C1XsmvkxHQAdYo0',
  dq: 'h_96-mK1R_7glhsum81dZxjTnYynPbZpHziZjeeHcXYsXaaMwkOlODsWa7I9xXDoRwbKgB719rrmI2oKr6N3Do9U0ajaHF-NKJnwgjMd2w9cjz3_-kyNlxAr2v4IKhGNpmM5iIgOS1VZnOZ68m6_pbLBSp3nssTdlqvd0tIiTHU',
  qi: 'IYd7DHOhrWvxkwPQsRM2tOgrjbcrfvtQJipd-DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd_QJQ3ydy5cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp_gh6A5603k2-ZQwVK0JKSHuLFkuQ3U',
}
