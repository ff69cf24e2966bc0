import { webcrypto } from 'node:crypto'

/** Any implementation of the Web Cryptography API: Node's own, or that of @peculiar/webcrypto. */
export type WebCrypto = Pick<webcrypto.Crypto, 'getRandomValues' | 'subtle'>

export const nodeWebCrypto: WebCrypto = webcrypto
