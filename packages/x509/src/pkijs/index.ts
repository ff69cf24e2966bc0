export { SignerEngine } from '../signing/signer-engine.ts'
export { fromPkijs, toPkijs } from './certificate.ts'
export { Pkcs12Engine } from './pkcs12-engine.ts'
export { type PkijsLimits } from './bounds.ts'
