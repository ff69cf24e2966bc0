import { webcrypto } from 'node:crypto'
import type { Crypto as PeculiarCrypto } from '@peculiar/webcrypto'
import { SealwrightError } from '@sealwright/core'

/** Any implementation of the Web Cryptography API: Node's own, or that of @peculiar/webcrypto. */
export type WebCrypto = Pick<webcrypto.Crypto, 'getRandomValues' | 'subtle'>

/** Node's own implementation. */
export const nodeWebCrypto: WebCrypto = webcrypto

/** What decides which implementation an operation runs on. */
export interface ProviderQuery {
  /** A WebCrypto algorithm, such as `ECDSA`. */
  readonly name: string
  /** Of ECDSA. */
  readonly namedCurve?: string | undefined
}

/**
 * The implementation that has an algorithm: Node's, or @peculiar/webcrypto for secp256k1 (`K-256`) and 3DES (`DES-EDE3-CBC`),
 * which Node's lacks. The latter is loaded when it is first asked for.
 *
 * @throws SealwrightError `UNSUPPORTED_OPERATION` where @peculiar/webcrypto is needed and cannot be loaded
 */
export async function providerFor({ name, namedCurve }: ProviderQuery): Promise<WebCrypto> {
  if (name !== 'DES-EDE3-CBC' && namedCurve !== 'K-256') return nodeWebCrypto
  peculiar ??= loadPeculiar()
  return peculiar
}

/** One for the process: an implementation takes only the CryptoKeys that it has made. */
let peculiar: Promise<WebCrypto> | undefined

/** In a variable, so that bundlers leave it out: it is 240 kB that few applications need. */
const peculiarPackage: string = '@peculiar/webcrypto'

async function loadPeculiar(): Promise<WebCrypto> {
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the type of a package that a variable names
    const { Crypto } = (await import(/* @vite-ignore */ peculiarPackage)) as {
      readonly Crypto: typeof PeculiarCrypto
    }
    return new Crypto()
  } catch (cause) {
    peculiar = undefined
    throw new SealwrightError(
      'UNSUPPORTED_OPERATION',
      'secp256k1 keys and 3DES need @peculiar/webcrypto, which could not be loaded; install it beside a bundled application',
      { cause },
    )
  }
}
