import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto'
import { promisify } from 'node:util'
import { badParameter } from '../protocol/errors.ts'
import type { JsonObject } from '../protocol/body.ts'
import type { KeyMaterial, KeyTypeName } from '../vault/records.ts'
import { generateSecret, importSecret } from './symmetric.ts'

const generate = promisify(generateKeyPair)

/** Curves by the names Key Vault gives them; `P-256K` is secp256k1. */
export const curves: Readonly<Record<string, { readonly nodeName: string; readonly size: number }>> = {
  'P-256': { nodeName: 'P-256', size: 256 },
  'P-384': { nodeName: 'P-384', size: 384 },
  'P-521': { nodeName: 'P-521', size: 521 },
  'P-256K': { nodeName: 'secp256k1', size: 256 },
}

const rsaSizes = [2048, 3072, 4096]

/** The parameters of a request to create a key. */
export interface KeySpecification {
  readonly kty: string
  /** RSA modulus in bits; default 2048. */
  readonly keySize?: number | undefined
  /** Default P-256. */
  readonly curve?: string | undefined
  /** RSA public exponent; default 65537. */
  readonly publicExponent?: number | undefined
}

/** @throws ServiceError 400 for a key that the service cannot make */
export async function generateKeyMaterial(specification: KeySpecification): Promise<KeyMaterial> {
  if (isOct(specification.kty)) return octMaterial(specification.kty, generateSecret(specification.keySize))
  const { kty, rsa, ec } = generation(specification)
  const { privateKey } = rsa === null ? await generate('ec', ec) : await generate('rsa', rsa)
  return materialOf(kty, privateKey)
}

/** As {@link generateKeyMaterial}, for the renewals and rotations that a read finds due: it blocks the event loop. */
export function generateKeyMaterialSync(specification: KeySpecification): KeyMaterial {
  if (isOct(specification.kty)) return octMaterial(specification.kty, generateSecret(specification.keySize))
  const { kty, rsa, ec } = generation(specification)
  const { privateKey } = rsa === null ? generateKeyPairSync('ec', ec) : generateKeyPairSync('rsa', rsa)
  return materialOf(kty, privateKey)
}

function generation({ kty: name, keySize: size, curve, publicExponent }: KeySpecification): {
  kty: KeyTypeName
  rsa: { modulusLength: number; publicExponent: number } | null
  ec: { namedCurve: string }
} {
  const kty = keyTypeName(name)
  return {
    kty,
    rsa: isRsa(kty)
      ? { modulusLength: rsaSize(size ?? 2048), publicExponent: rsaExponent(publicExponent ?? 65537) }
      : null,
    ec: { namedCurve: isRsa(kty) ? '' : curveByName(curve ?? 'P-256').nodeName },
  }
}

/** The parameters for generating another key of the same kind. */
export function specificationOf(material: KeyMaterial): KeySpecification {
  return isRsa(material.kty) || isOct(material.kty)
    ? { kty: material.kty, keySize: keySize(material) }
    : { kty: material.kty, curve: curveOf(material) }
}

/**
 * The material of a private JWK as `keys/import` takes it.
 *
 * @throws ServiceError 400 when it is incomplete, inconsistent or of an unsupported kind
 */
export function importKeyMaterial(jwk: JsonObject): KeyMaterial {
  const kty = keyTypeName(String(jwk['kty']))
  if (isOct(kty)) return octMaterial(kty, importSecret(jwk['k']))
  const members: JsonWebKey = { kty: isRsa(kty) ? 'RSA' : 'EC' }
  for (const name of ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi', 'x', 'y']) {
    const value = jwk[name]
    // .NET and Java clients pad; base64url proper does not.
    if (typeof value === 'string') members[name] = value.replace(/(?<!=)=+$/, '')
  }
  if (!isRsa(kty)) members.crv = curveByName(String(jwk['crv'])).nodeName
  try {
    const material = materialOf(kty, createPrivateKey({ key: members, format: 'jwk' }))
    if (isRsa(kty)) rsaSize(keySize(material))
    return material
  } catch (error) {
    throw badParameter(`The key is not valid: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function octMaterial(kty: 'oct' | 'oct-HSM', secret: Buffer): KeyMaterial {
  return { kty, privateKey: secret.toString('base64') }
}

export function materialOf(kty: KeyTypeName, privateKey: KeyObject): KeyMaterial {
  return { kty, privateKey: privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64') }
}

/** The kind that a key of Node has in Key Vault. @throws ServiceError 400 when it has none */
export function softwareKeyType(key: KeyObject): KeyTypeName {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return 'RSA'
    case 'ec':
      return 'EC'
    default:
      throw badParameter(`A key of type ${key.asymmetricKeyType ?? key.type} is not supported.`)
  }
}

/** A key in the forms it is used in. */
interface ParsedKey {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  readonly publicJwk: JsonWebKey
}

// Parsing PKCS#8 costs more than signing with P-256 does.
const parsedKeys = new WeakMap<KeyMaterial, ParsedKey>()

function parsedKey(material: KeyMaterial): ParsedKey {
  let parsed = parsedKeys.get(material)
  if (parsed === undefined) {
    const der = Buffer.from(material.privateKey, 'base64')
    const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    const publicKey = createPublicKey(privateKey)
    parsed = { privateKey, publicKey, publicJwk: publicKey.export({ format: 'jwk' }) }
    parsedKeys.set(material, parsed)
  }
  return parsed
}

export function privateKeyOf(material: KeyMaterial): KeyObject {
  return parsedKey(material).privateKey
}

export function publicKeyOf(material: KeyMaterial): KeyObject {
  return parsedKey(material).publicKey
}

/**
 * Whether two keys are the same. Keys of different types are not passed to OpenSSL: it would queue an error that Node
 * attributes to the next private key it reads.
 */
export function sameKey(a: KeyObject, b: KeyObject): boolean {
  return a.asymmetricKeyType === b.asymmetricKeyType && a.equals(b)
}

/** The public members of the JWK, in the service's order. */
export function publicMembers(material: KeyMaterial): Record<string, string | undefined> {
  if (isOct(material.kty)) return {}
  const { n, e, x, y } = parsedKey(material).publicJwk
  return isRsa(material.kty) ? { n, e } : { crv: curveOf(material), x, y }
}

export function isRsa(kty: KeyTypeName): boolean {
  return kty === 'RSA' || kty === 'RSA-HSM'
}

export function isHsm(kty: KeyTypeName): boolean {
  return kty.endsWith('-HSM')
}

/** Whether it is a symmetric key. */
export function isOct(kty: string): kty is 'oct' | 'oct-HSM' {
  return kty === 'oct' || kty === 'oct-HSM'
}

/** Bits of the modulus or of the curve. */
export function keySize(material: KeyMaterial): number {
  if (isOct(material.kty)) return 8 * Buffer.from(material.privateKey, 'base64').length
  if (isRsa(material.kty)) return privateKeyOf(material).asymmetricKeyDetails?.modulusLength ?? 0
  return curveByName(curveOf(material)).size
}

/** The curve's name in Key Vault. Only for EC. */
export function curveOf(material: KeyMaterial): string {
  const { crv } = parsedKey(material).publicJwk
  return crv === 'secp256k1' ? 'P-256K' : String(crv)
}

function keyTypeName(name: string): KeyTypeName {
  switch (name) {
    case 'RSA':
    case 'RSA-HSM':
    case 'EC':
    case 'EC-HSM':
    case 'oct':
    case 'oct-HSM':
      return name
    default:
      throw badParameter(`Key type '${name}' is not supported. A vault has RSA, RSA-HSM, EC and EC-HSM.`)
  }
}

function curveByName(name: string): { nodeName: string; size: number } {
  const curve = Object.hasOwn(curves, name) ? curves[name] : undefined
  if (curve === undefined) {
    throw badParameter(`Curve '${name}' is not supported. There are ${Object.keys(curves).join(', ')}.`)
  }
  return curve
}

function rsaSize(bits: number): number {
  if (!rsaSizes.includes(bits)) {
    throw badParameter(`RSA keys of ${bits} bits are not supported. There are ${rsaSizes.join(', ')}.`)
  }
  return bits
}

function rsaExponent(value: number): number {
  if (value < 3 || value > 0xffff_ffff || value % 2 === 0) {
    throw badParameter(`The RSA public exponent ${value} is not supported.`)
  }
  return value
}
