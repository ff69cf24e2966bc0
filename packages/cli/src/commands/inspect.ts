import { isSealwrightError, openSigningKey, SealwrightError } from '@sealwright/core'
import { defaultKeyFileLimits } from '@sealwright/x509'
import { Command } from 'commander'
import { inputName, readInput } from '../files/files.ts'
import {
  passwordSource,
  withPassword,
  withPasswordOptions,
  type PasswordOptions,
} from '../files/passwords.ts'
import { describeAttestation } from '../inspect/attestation.ts'
import { describeFile } from '../inspect/file-description.ts'
import { describeJwks, jwksLines, jwksRemarks } from '../inspect/jwks-description.ts'
import { describeSigningKey, signingKeyLines } from '../inspect/key-description.ts'
import { linesOf } from '../inspect/lines.ts'
import { describeToken, tokenLines } from '../inspect/token-description.ts'
import { backendsFor, isSigningUri, type KeyAccess } from '../keys/key-access.ts'
import { parseContents } from '../keys/read-key-file.ts'
import { fetchJson } from '../net/fetch-json.ts'
import { shownUrl } from '../net/fetch-text.ts'
import { fetchMetadata, jwksUriOf } from '../net/issuer-metadata.ts'
import { report } from '../terminal/report.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { assertNoToken } from '../usage-errors.ts'

interface Options extends PasswordOptions {
  readonly json?: boolean
  readonly acceptMissingMac?: boolean
  readonly limit?: readonly string[]
}

/** `sealwright inspect`: describes a file, a URI or a URL. It shows no private key and no token. */
export function inspectCommand(terminal: Terminal, access: KeyAccess): Command {
  const command = new Command('inspect')
    .description(
      'describe a file of keys or certificates (PFX, PEM, DER, JWK, PKCS#7, CSR, CRL, .pvk and more), a JWT, a signing URI, ' +
        'or the URL of a JWK Set or an issuer',
    )
    .argument('<source>', 'a file, - for standard input, a signing URI, or an https URL')
  return withPasswordOptions(command, 'the file or the store')
    .option('--accept-missing-mac', 'read the private keys of a PKCS#12 file that has no MAC')
    .option('--limit <name=number...>', 'raise a limit from an error message, such as bytes=10000000')
    .option('--json', 'print the result as JSON')
    .action(async (source: string, options: Options) => {
      const { result, lines } = await describe(source, options, terminal, access)
      report(terminal, options.json, result, lines)
    })
}

interface Description {
  readonly result: unknown
  readonly lines: readonly string[]
}

async function describe(
  source: string,
  options: Options,
  terminal: Terminal,
  access: KeyAccess,
): Promise<Description> {
  if (!isSigningUri(source)) return describePath(source, options, terminal)
  const backends = await backendsFor([source], access)
  const backend = backends.find((each) => each.accepts(source))
  if (backend === undefined) return describeUrl(source)
  return withPassword(passwordSource(options), terminal, source, async (password) => {
    const key = await openSigningKey(source, { backends: [backend], password })
    const attestation = await describeAttestation(source, key, backend, access)
    const description = describeSigningKey(key, attestation)
    return { result: description, lines: signingKeyLines(description) }
  })
}

async function describePath(path: string, options: Options, terminal: Terminal): Promise<Description> {
  assertNoToken(path, 'inspect')
  const limits = readLimits(options.limit ?? [])
  const name = inputName(path)
  const bytes = await readInput(path, terminal, limits['bytes']).catch((error: unknown) => {
    if (!isSealwrightError(error, 'LIMIT_EXCEEDED')) throw error
    const message = `${error.message}; --limit bytes=NUMBER raises the limit`
    throw new SealwrightError(error.code, message, { cause: error })
  })
  const text = Buffer.from(bytes).toString('latin1')
  const token = describeToken(text)
  if (token !== null) return { result: token, lines: tokenLines(name, token) }
  let withoutPassword = false
  const reading = {
    password: passwordSource(options),
    acceptMissingMac: options.acceptMissingMac,
    limits,
    onPassword: (password: string) => (withoutPassword = password === ''),
  }
  const description = describeFile(await parseContents(bytes, name, reading, terminal), withoutPassword)
  if (description.format !== 'JWK Set') return { result: description, lines: linesOf(name, description) }
  const body: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'))
  const jwks = describeJwks(body) ?? []
  const whole = { ...description, remarks: [...description.remarks, ...jwksRemarks(body)] }
  return { result: { ...whole, jwks }, lines: [...linesOf(name, whole), ...jwksLines(jwks)] }
}

/** A JWK Set, or the issuer or metadata that names one. */
async function describeUrl(address: string): Promise<Description> {
  const found = await find(address)
  const keys = describeJwks(found.body)
  if (keys === null) {
    throw new SealwrightError(
      'INVALID_ENCODING',
      `${shownUrl(address)} is neither a JWK Set nor an issuer: it has no "keys" and no "jwks_uri"`,
    )
  }
  const url = found.url.href
  const cacheControl = found.headers.get('cache-control')
  const remarks = jwksRemarks(found.body)
  return {
    result: { format: 'JWK Set', ok: true, url, cacheControl, jwks: keys, remarks },
    lines: [
      `${url}: JWK Set with ${keys.length} key${keys.length === 1 ? '' : 's'}`,
      `Cache-Control: ${cacheControl ?? 'none, so verifiers choose how long they keep it'}`,
      ...remarks.map((remark) => `note: ${remark}`),
      ...jwksLines(keys),
    ],
  }
}

async function find(address: string): ReturnType<typeof fetchJson> {
  try {
    const answer = await fetchJson(address, 'the JWK Set')
    const next = jwksUriOf(answer)
    return next === null ? answer : await fetchJson(next, 'the JWK Set')
  } catch (error) {
    // The address of an issuer need not answer anything itself.
    if (!isSealwrightError(error, 'NOT_FOUND') && !isSealwrightError(error, 'INVALID_ENCODING')) throw error
    const metadata = await fetchMetadata(address).catch(() => {
      throw error
    })
    return fetchJson(metadata.jwksUri, 'the JWK Set')
  }
}

/** @throws SealwrightError `INVALID_ARGUMENT` */
function readLimits(given: readonly string[]): Readonly<Record<string, number>> {
  const limits: Record<string, number> = {}
  for (const each of given) {
    const [, name = '', number] = /^(\w{1,30})=(\d{1,15})$/.exec(each) ?? []
    if (!Object.hasOwn(defaultKeyFileLimits, name)) {
      throw new SealwrightError(
        'INVALID_ARGUMENT',
        `${JSON.stringify(each)} is not a limit; write NAME=NUMBER with one of ${Object.keys(defaultKeyFileLimits).join(', ')}`,
      )
    }
    limits[name] = Number(number)
  }
  return limits
}
