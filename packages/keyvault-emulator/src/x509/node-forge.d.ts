/** The parts of node-forge that rc2.ts uses; @types/node-forge does not describe them. */
declare module 'node-forge/lib/rc2.js' {
  interface Cipher {
    readonly output: { getBytes(): string }
    start(iv: string): void
    update(input: object): void
    finish(): boolean
  }
  const rc2: { createDecryptionCipher(key: string, effectiveBits: number): Cipher }
  export default rc2
}

declare module 'node-forge/lib/util.js' {
  const util: { createBuffer(bytes: string): object }
  export default util
}
