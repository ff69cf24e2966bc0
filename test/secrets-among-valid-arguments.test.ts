import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import * as core from '../packages/core/src/index.ts'
import * as jws from '../packages/jws/src/index.ts'
import * as localStore from '../packages/local-store/src/index.ts'
import { holdsSecret, secrets } from '../packages/test-kit/src/secrets.ts'
import * as x509 from '../packages/x509/src/index.ts'
import type { Calls } from './valid-arguments/calls.ts'
import { validCalls as coreCalls } from './valid-arguments/core.ts'
import { validCalls as jwsCalls } from './valid-arguments/jws.ts'
import { validCalls as localStoreCalls } from './valid-arguments/local-store.ts'
import { validCalls as x509Calls } from './valid-arguments/x509.ts'

/**
 * One argument is wrong and all others are right, so that it is looked at: a secret in place of each argument of a package's
 * functions, of each option, and of each value inside of one.
 */

const folder = mkdtempSync(join(tmpdir(), 'sealwright-secrets-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** What is not called, but is told what to say. */
const errorClass = 'SealwrightError'

const packages: readonly [string, object, Calls][] = [
  ['core', core, await coreCalls(folder)],
  ['x509', x509, await x509Calls()],
  ['jws', jws, await jwsCalls(folder)],
  ['local-store', localStore, await localStoreCalls(folder)],
]

/** Names and paths, which errors show: a password there looks like one of them. */
const shown =
  /^(?:FolderStore\.\w+\[0\]|FolderStore\.find by (?:name|subject).*|open(?:Key|Pkcs12)File\[0\]|openKeyFile\[1\]\.certificate)$/

describe.each(packages)('%s', (_, exported, calls) => {
  test('every function has its right arguments here', async () => {
    const functions = Object.entries(exported).flatMap(([name, value]) =>
      typeof value === 'function' && name !== errorClass ? [name] : [],
    )
    const called = Object.keys(calls)
    expect(called.filter((name) => /^\w+$/.test(name)).toSorted()).toEqual(functions.toSorted())
    for (const [callable, ...args] of Object.values(calls)) {
      // oxlint-disable-next-line no-await-in-loop
      await close(await Reflect.apply(callable, undefined, args))
    }
  })

  test.each(Object.keys(calls))('%s repeats no secret that is the one wrong argument', async (name) => {
    const [callable, ...args] = calls[name] ?? [() => undefined]
    const found: string[] = []
    for (const [kind, secret] of Object.entries(secrets)) {
      for (const [where, wrong] of replacements(args, secret)) {
        try {
          // oxlint-disable-next-line no-await-in-loop
          await close(await Reflect.apply(callable, undefined, Array.isArray(wrong) ? wrong : []))
        } catch (error) {
          if (!core.isSealwrightError(error)) found.push(`${kind} as ${where}: ${String(error).slice(0, 80)}`)
          if (kind === 'a password' && shown.test(name + where)) continue
          if (holdsSecret(error)) found.push(`${kind} as ${where} is repeated`)
        }
      }
    }
    expect(found).toEqual([])
  })
})

async function close(result: unknown): Promise<void> {
  if (typeof result !== 'object' || result === null || !('close' in result)) return
  if (typeof result.close === 'function') await result.close()
}

/** The value with the secret in place of it, of each thing in it, and as one more member. */
function replacements(value: unknown, secret: unknown, where = ''): [where: string, value: unknown][] {
  const here: [string, unknown][] = where === '' ? [] : [[where, secret]]
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value
    const nested = items.flatMap((item, index) =>
      replacements(item, secret, `${where}[${index}]`).map(([at, replaced]): [string, unknown] => [
        at,
        items.with(index, replaced),
      ]),
    )
    return [...here, ...nested]
  }
  if (typeof value !== 'object' || value === null || Reflect.getPrototypeOf(value) !== Object.prototype)
    return here
  // A store has made a signing key, not the caller.
  if ('certificates' in value && 'signer' in value) return here
  const nested = Object.entries(value).flatMap(([member, each]) =>
    replacements(each, secret, `${where}.${member}`).map(([at, replaced]): [string, unknown] => [
      at,
      { ...value, [member]: replaced },
    ]),
  )
  return [...here, ...nested, [`${where}.unknown`, { ...value, unknown: secret }]]
}
