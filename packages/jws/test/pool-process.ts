// A process of its own: signs in a pool, prints the lengths of the signatures, and does not close the pool.
import { generateKeyPairSync } from 'node:crypto'
import { createSigningPool } from '../src/index.ts'

const pool = createSigningPool(generateKeyPairSync('ed25519').privateKey, { threads: 2 })
const signatures = await Promise.all(['a', 'b', 'c'].map((text) => pool.sign(Buffer.from(text))))
console.log(signatures.map((signature) => signature.length).join(' '))
