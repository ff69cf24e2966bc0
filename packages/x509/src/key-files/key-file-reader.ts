import { isSealwrightError, type SealwrightError } from '@sealwright/core'
import { malformed } from '../asn1/ber.ts'
import { Pkcs12Budget } from '../encryption/limits.ts'
import type { Bag } from '../pkcs12/bags.ts'
import { assembleContents } from '../pkcs12/contents.ts'
import { assertNotForeign } from '../foreign-files.ts'
import { fileLimitExceeded } from '../limits.ts'
import { SkippedItems } from '../skipped-items.ts'
import { TimeSlices } from '../time-slices.ts'
import { nodeWebCrypto } from '../webcrypto/provider.ts'
import { keyPart, notKnown, readDer, type FileContext, type Part } from './der.ts'
import { assertLabelNotForeign, assertTextNotForeign } from './foreign-formats.ts'
import type { KeyFileFormat } from './identify.ts'
import { findInJson } from './json.ts'
import { readJwks } from './jwk.ts'
import type { KeyFile, KeyFileLimits, ReadKeyFileOptions } from './key-file.ts'
import { blobStart, readBlob } from './microsoft/blob.ts'
import { isPvk, readPvk } from './microsoft/pvk.ts'
import { findPemBlocks, hasPemBoundary, type FoundBlock } from './pem/blocks.ts'
import { readPemEncryption } from './pem/encrypted-pem.ts'
import { decodeBareText, decodeFile } from './text.ts'
import { findInXml } from './xml.ts'

/** Real files nest no deeper than base64 of base64 of PEM in JSON. */
const maximumNesting = 4

/** Reads one file. */
export class KeyFileReader {
  readonly #context: FileContext
  readonly #slices: TimeSlices
  /** An item that the password does not open. It may open another item. */
  #unopened: { readonly source: string; readonly error: SealwrightError } | null = null
  #blocks = 0
  /** The format of a file with several items. Null for a file with one. */
  #container: KeyFileFormat | null = null

  /** @param password asks for it */
  constructor(password: () => Promise<string>, options: ReadKeyFileOptions, limits: KeyFileLimits) {
    const budget = new Pkcs12Budget(limits)
    this.#context = { password, options, limits, budget, skipped: new SkippedItems(), remarks: new Set() }
    this.#slices = new TimeSlices(options.signal)
  }

  /** @param file not empty, and not shared with the caller */
  async read(file: Uint8Array): Promise<KeyFile> {
    return this.#assemble(await this.#bytes(file, 0))
  }

  async #bytes(bytes: Uint8Array, nesting: number): Promise<readonly Part[]> {
    if (nesting > maximumNesting) throw malformed('the file', notKnown)
    assertNotForeign(bytes)
    if (isPvk(bytes)) return [await this.#pvk(bytes)]
    const start = blobStart(bytes)
    if (start !== null) return [keyPart('MSBLOB', readBlob(bytes.subarray(start), this.#context.limits))]
    // A text in hexadecimal may begin with 0 as well, which is the same octet.
    if (
      bytes[0] === 0x30 &&
      !/^0x30|^[0-9a-f]{16}/i.test(Buffer.from(bytes.subarray(0, 16)).toString('latin1'))
    ) {
      return [await readDer(bytes, 'the file', null, this.#context)]
    }
    return this.#text(decodeFile(bytes), nesting)
  }

  async #text(text: string, nesting: number): Promise<readonly Part[]> {
    const first = /\S/.exec(text)?.[0] ?? ''
    if (first === '{' || first === '[' || first === '"') {
      const parts = await this.#json(text, nesting)
      if (parts !== null) return parts
    }
    if (first === '<') {
      const parts = await this.#xml(text)
      if (parts !== null) return parts
    }
    if (hasPemBoundary(text)) return this.#pem(text)
    assertTextNotForeign(text)
    const bytes = decodeBareText(text)
    if (bytes === null || bytes.length === 0) throw malformed('the file', notKnown)
    return this.#bytes(bytes, nesting + 1)
  }

  /** Null for a text that is not JSON. */
  async #json(text: string, nesting: number): Promise<readonly Part[] | null> {
    const mayBePem = hasPemBoundary(text)
    if (text.length > this.#context.limits.jsonCharacters) {
      if (mayBePem) return null
      throw fileLimitExceeded(
        `the JSON has ${text.length} characters`,
        this.#context.limits.jsonCharacters,
        'jsonCharacters',
      )
    }
    let json: unknown
    try {
      json = JSON.parse(text)
    } catch {
      if (mayBePem || text.trimStart().startsWith('"')) return null
      // Without the cause, which quotes the text.
      throw malformed('the file', 'looks like JSON but does not parse')
    }
    if (nesting > maximumNesting) throw malformed('the file', notKnown)
    if (typeof json === 'string') return this.#text(json, nesting + 1)
    const { jwks, set, texts } = findInJson(json)
    if (jwks.length + texts.length === 0 && !set) {
      throw malformed('the file', 'is JSON without a JWK, a JWK Set, PEM or base64 of a key file')
    }
    if (!set && jwks.length + texts.length > 1) this.#container = 'JSON'
    this.#charge(jwks.length)
    const parts: Part[] = []
    if (set || jwks.length > 0) parts.push(await this.#jwks(jwks, set ? 'JWK Set' : 'JWK'))
    for (const each of texts) {
      this.#charge(1)
      const read = (): Promise<readonly Part[]> => this.#text(each, nesting + 1)
      // One after the other, as they share one budget.
      // oxlint-disable-next-line no-await-in-loop
      parts.push(...((await this.#attempt('a string in the JSON', read)) ?? []))
    }
    return parts
  }

  /** Null for XML without keys. */
  async #xml(text: string): Promise<readonly Part[] | null> {
    const { jwks, certificates } = findInXml(text)
    if (jwks.length + certificates.length === 0) {
      if (hasPemBoundary(text)) return null
      throw malformed('the file', 'is XML without an RSAKeyValue or an X509Certificate')
    }
    if (jwks.length + certificates.length > 1) this.#container = 'XML'
    this.#charge(jwks.length)
    const parts: Part[] = jwks.length === 0 ? [] : [await this.#jwks(jwks, 'RSAKeyValue')]
    for (const each of certificates) {
      this.#charge(1)
      const read = async (): Promise<Part> =>
        readDer(decodeBareText(each) ?? new Uint8Array(), 'the X509Certificate', null, this.#context)
      // oxlint-disable-next-line no-await-in-loop
      const part = await this.#slices.pause().then(() => this.#attempt('an X509Certificate', read))
      if (part !== null) parts.push(part)
    }
    return parts
  }

  async #jwks(jwks: readonly unknown[], format: KeyFileFormat): Promise<Part> {
    const { skipped, limits, options } = this.#context
    const { remarks, ...contents } = await readJwks(jwks, skipped, limits, options.signal)
    for (const remark of remarks) this.#context.remarks.add(remark)
    return { format, ...contents }
  }

  async #pem(text: string): Promise<readonly Part[]> {
    const parts: Part[] = []
    let count = 0
    for (const block of findPemBlocks(text)) {
      const source = `the PEM block ${block.label}`
      // Curves that OpenSSL writes before keys, which also contain them; groups that servers keep beside their keys.
      if (block.label.endsWith(' PARAMETERS')) continue
      this.#charge(1)
      count++
      if ('error' in block) this.#context.skipped.add(source, block.error)
      else {
        const read = (): Promise<Part> => this.#pemPart(block, source)
        // One after the other: few files have two encrypted keys.
        // oxlint-disable-next-line no-await-in-loop
        const part = await this.#slices.pause().then(() => this.#attempt(source, read))
        if (part !== null) parts.push(part)
      }
    }
    if (count === 0) throw malformed('the file', 'has no PEM block with a key or certificate')
    if (count > 1) this.#container ??= 'PEM'
    return parts
  }

  async #pemPart({ label, headers, der, remark }: FoundBlock, source: string): Promise<Part> {
    if (remark !== null) this.#context.remarks.add(remark)
    assertLabelNotForeign(label)
    // Comments are headers too.
    if (headers === null || !/^(?:Proc-Type|DEK-Info):/im.test(headers))
      return readDer(der, source, label, this.#context)
    const encryption = readPemEncryption(headers, source)
    const { crypto = nodeWebCrypto, signal } = this.#context.options
    const plaintext = await encryption.decrypt(der, await this.#context.password(), { crypto, signal })
    try {
      return {
        ...(await readDer(plaintext, source, label, this.#context)),
        encryptions: [encryption.description],
      }
    } finally {
      plaintext.fill(0)
    }
  }

  async #pvk(bytes: Uint8Array): Promise<Part> {
    const { password, limits } = this.#context
    const { privateKey, encryption } = await readPvk(bytes, password, limits)
    const encryptions =
      encryption === null ? [] : [{ algorithm: `SHA-1 and ${encryption}`, iterations: 1, weak: true }]
    return { format: 'PVK', privateKeys: [privateKey], encryptions }
  }

  /** What `read` returns; null for one item that cannot be read. */
  async #attempt<T>(source: string, read: () => Promise<T>): Promise<T | null> {
    try {
      return await read()
    } catch (error) {
      if (isSealwrightError(error, 'WRONG_PASSWORD')) this.#unopened ??= { source, error }
      else this.#context.skipped.add(source, error)
      return null
    }
  }

  /** @throws SealwrightError `LIMIT_EXCEEDED` */
  #charge(count: number): void {
    this.#blocks += count
    const { blocks } = this.#context.limits
    if (this.#blocks > blocks)
      throw fileLimitExceeded(`the file has more than ${blocks} blocks or keys`, blocks, 'blocks')
  }

  async #assemble(parts: readonly Part[]): Promise<KeyFile> {
    const encryptions = parts.flatMap((part) => part.encryptions ?? [])
    if (this.#unopened !== null) {
      const { source, error } = this.#unopened
      // It opened another item, so report this one as skipped.
      if (encryptions.length === 0) throw error
      this.#context.skipped.note(source, error.message)
    }
    const certificates = parts.flatMap((part) => part.certificates ?? [])
    const bags: Bag[] = [
      ...certificates.map((certificate): Bag => ({ kind: 'certificate', certificate, ...noAttributes })),
      ...parts
        .flatMap((part) => part.privateKeys ?? [])
        .map((privateKey): Bag => ({ kind: 'key', privateKey, ...noAttributes })),
    ]
    const assembled = await assembleContents(bags, this.#context.skipped, this.#context.options.signal)
    const [first] = parts
    const contents = {
      keys: [...parts.flatMap((part) => part.keys ?? []), ...assembled.keys],
      publicKeys: parts.flatMap((part) => part.publicKeys ?? []),
      certificates,
      requests: parts.flatMap((part) => part.requests ?? []),
      revocationLists: parts.flatMap((part) => part.revocationLists ?? []),
    }
    if (Object.values(contents).every(({ length }) => length === 0)) this.#context.skipped.throwFirst()
    return {
      format: this.#container ?? first?.format ?? 'PEM',
      ...contents,
      mac: parts.find((part) => part.mac !== undefined)?.mac ?? null,
      encryptions,
      skipped: this.#context.skipped.items,
      remarks: [...this.#context.remarks],
    }
  }
}

const noAttributes = { friendlyName: null, localKeyId: null } as const
