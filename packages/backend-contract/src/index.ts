export { describeKeyStore, type TestRunner } from './describe-key-store.ts'
export type { Capabilities, MakeStore, StoreUnderTest } from './subject.ts'
export { localKeyTypes } from './local-key-types.ts'
