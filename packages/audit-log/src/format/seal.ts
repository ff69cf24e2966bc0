import { verify, type KeyObject } from 'node:crypto'
import {
  algorithmsOf,
  importJwk,
  jwkThumbprint,
  type SignatureAlgorithm,
  type Signer,
} from '@sealwright/core'
import { isRecord } from '@sealwright/core/internal'
import { signCompact } from '@sealwright/jws'
import type { Head } from './chain.ts'

const typ = 'sealwright-audit-seal'

/**
 * The payload of a seal. It is text and no JSON object, so a verifier of tokens refuses a seal that is passed off as one
 * (RFC 7519 §7.2).
 */
export function sealPayload(stream: string, { sequence, chain }: Head): string {
  return `${typ}\n${stream}\n${sequence}\n${chain}\n`
}

/** @throws what the signer throws */
export function signSeal(signer: Signer, stream: string, head: Head, signal: AbortSignal): Promise<string> {
  return signCompact(signer, sealPayload(stream, head), { typ, kid: signer.keyId }, { signal })
}

/** A seal whose signature is not verified yet. */
export interface Seal {
  readonly kid: string
  readonly payload: string
  /** The bytes that are signed. */
  readonly input: Buffer
  readonly alg: string
  readonly signature: Buffer
}

/** @returns null for anything but a seal in JWS Compact Serialization */
export function parseSeal(jws: string): Seal | null {
  const [, header = '', payload = '', signature = ''] = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(jws) ?? []
  const members = parseHeader(header)
  if (members === null) return null
  const { alg, kid } = members
  if (typeof alg !== 'string' || typeof kid !== 'string' || members['typ'] !== typ || 'crit' in members)
    return null
  return {
    alg,
    kid,
    payload: Buffer.from(payload, 'base64url').toString('latin1'),
    input: Buffer.from(`${header}.${payload}`, 'latin1'),
    signature: Buffer.from(signature, 'base64url'),
  }
}

function parseHeader(header: string): Readonly<Record<string, unknown>> | null {
  try {
    const members: unknown = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'))
    return isRecord(members) ? members : null
  } catch {
    return null
  }
}

/**
 * The public key of a seal.
 *
 * @returns null when the JWK is not a key, or its thumbprint is not the `kid` (RFC 7638)
 */
export function sealKey(kid: string, jwk: Readonly<Record<string, unknown>>): KeyObject | null {
  try {
    const key = importJwk(jwk)
    // Throws for a key that is too weak.
    return key.type === 'public' && jwkThumbprint(key) === kid && algorithmsOf(key).length > 0 ? key : null
  } catch {
    return null
  }
}

/** Whether the signature is the key's. The algorithm is one that the key can have. */
export function isSealSigned({ alg, input, signature }: Seal, key: KeyObject): boolean {
  const row = algorithmsOf(key).find(({ name }) => name === alg)
  return row !== undefined && verify(row.digest, input, verifyingKey(row, key), signature)
}

function verifyingKey(row: SignatureAlgorithm, key: KeyObject): Parameters<typeof verify>[2] {
  return { key, ...row.pss, ...(row.coordinateLength !== null && { dsaEncoding: 'ieee-p1363' }) }
}
