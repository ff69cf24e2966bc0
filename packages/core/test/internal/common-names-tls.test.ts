import { scratchFolder } from '@sealwright/test-kit/folders'
import { Openssl } from '@sealwright/test-kit/openssl'
import { lacks, run } from '@sealwright/test-kit/tools'
import { expect, test } from 'vitest'
import { commonNames } from '../../src/internal/common-names.ts'

// In a process of its own, that has not used TLS: tests have.
test.skipIf(lacks('openssl'))('reading them leaves TLS as it is [needs openssl]', () => {
  const { certificateFile } = new Openssl(scratchFolder()).certificate('/CN=one')
  const program = [
    "import { X509Certificate } from 'node:crypto'",
    "import { readFileSync } from 'node:fs'",
    commonNames.toString(),
    `commonNames(new X509Certificate(readFileSync(${JSON.stringify(certificateFile)})))`,
    "const { createSecureContext } = await import('node:tls')",
    'createSecureContext()',
  ].join('\n')
  expect(run([process.execPath, '--input-type=module', '-e', program])).toBe('')
})
