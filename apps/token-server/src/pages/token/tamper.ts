import type { TokenParts } from './decode-token.ts'

/** What a forger would try. */
export const forgeries = {
  subject: 'Change the subject',
  signature: 'Change one bit of the signature',
  none: 'Set alg to “none” and remove the signature',
} as const

export type Forgery = keyof typeof forgeries

export function isForgery(name: string | undefined): name is Forgery {
  return name !== undefined && Object.hasOwn(forgeries, name)
}

/** The token with one thing changed. */
export function tamper(
  { encoded: [header, claims, signature], ...token }: TokenParts,
  forgery: Forgery,
): string {
  switch (forgery) {
    case 'subject':
      return `${header}.${encode({ ...token.claims, sub: `${String(token.claims['sub'])}-forged` })}.${signature}`
    case 'signature':
      return `${header}.${claims}.${flipBit(signature)}`
    case 'none':
      return `${encode({ ...token.header, alg: 'none' })}.${claims}.`
    default:
      return forgery satisfies never
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function flipBit(signature: string): string {
  const bytes = Buffer.from(signature, 'base64url')
  const middle = bytes.length >> 1
  bytes[middle] = (bytes[middle] ?? 0) ^ 1
  return bytes.toString('base64url')
}
