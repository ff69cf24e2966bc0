import { generateKeyPairSync, type KeyObject } from 'node:crypto'

/** The algorithms that are measured, and a key for each that lives as long as the process. */
const makers: Readonly<Record<string, () => KeyObject>> = {
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  Ed25519: () => generateKeyPairSync('ed25519').privateKey,
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  PS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  'RS256, 4096 bits': () => generateKeyPairSync('rsa', { modulusLength: 4096 }).privateKey,
}

/** A key, the algorithm it is used with, and what the results call both. */
export interface Subject {
  readonly label: string
  readonly algorithm: string
  readonly privateKey: KeyObject
}

/** @param label such as `ES256` or `RS256, 4096 bits` */
export function subject(label: string): Subject {
  const make = makers[label]
  if (make === undefined) throw new Error(`no key is made for ${label}`)
  return { label, algorithm: label.split(',')[0] ?? label, privateKey: make() }
}
