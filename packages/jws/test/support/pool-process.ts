// A process of its own: signs in a pool and with a signer that may start one, prints the lengths of the signatures, and
// closes neither.
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { isSealwrightError } from '@sealwright/core'
import { createSigner, createSigningPool } from '../../src/index.ts'

// On Node 20 a process can hang that signs with the very key it generated: garbage collection ends the job that made the key while the
// signature holds the same lock. An imported key has a lock of its own.
const generated = generateKeyPairSync('ed25519').privateKey
const privateKey = createPrivateKey(generated.export({ format: 'pem', type: 'pkcs8' }))

async function signInPool(): Promise<string> {
  const pool = createSigningPool(privateKey, { threads: 2 })
  const signatures = await Promise.all(['a', 'b', 'c'].map((text) => pool.sign(Buffer.from(text))))
  return signatures.map((signature) => signature.length).join(' ')
}

console.log(
  `pool: ${await signInPool().catch((error: unknown) => (isSealwrightError(error) ? error.code : String(error)))}`,
)

const signer = createSigner(privateKey, { threads: 2 })
const signatures = await Promise.all(
  Array.from({ length: 300 }, (_, index) => signer.sign(Buffer.from(`${index}`))),
)
console.log(`auto: ${signatures.length} of ${[...new Set(signatures.map(({ length }) => length))].join(' ')}`)
