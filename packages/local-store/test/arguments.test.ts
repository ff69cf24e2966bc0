import { join } from 'node:path'
import { failure } from '@sealwright/test-kit/errors'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { keyMarkers, secretPassword, secrets, shownError } from '@sealwright/test-kit/secrets'
import { describe, expect, test } from 'vitest'
import { openAppServiceStore, openDotNetStore, openFolderStore } from '@sealwright/local-store'

type Method = (...args: readonly unknown[]) => Promise<unknown>

const stores = {
  'a folder': async (folder: string) => openFolderStore(folder),
  'the folder of .NET': async (home: string) => openDotNetStore({ home }),
  'the folder of App Service': async (folder: string) =>
    openAppServiceStore({ folder, loadCertificates: '*' }),
}

describe.each(Object.entries(stores))('%s', (_, open) => {
  const methods = [
    'get',
    'list',
    'find',
    'create',
    'rotate',
    'disable',
    'delete',
    'importPkcs12',
    'exportPkcs12',
  ]

  test.each(methods)('%s repeats no argument', async (name) => {
    const store = (await open(join(scratchFolder(), 'keys'))) as unknown as Readonly<Record<string, Method>>
    const method = store[name]
    // The folder of App Service is read only, and that of .NET has no versions.
    if (method === undefined) return
    const errors: string[] = []
    const found: string[] = []
    for (const secret of Object.values(secrets)) {
      for (const call of callsWith(secret)) {
        const shown = await errorOf(() => method(...call))
        if (shown === null) continue
        errors.push(shown)
        // A password in the place of a name looks like one, and in no other place is it shown.
        const hidden =
          call[0] === secretPassword || isQuery(call[0]) ? keyMarkers : [...keyMarkers, secretPassword]
        if (hidden.some((marker) => shown.includes(marker))) found.push(shown)
      }
    }
    expect(found).toEqual([])
    expect(errors.length).toBeGreaterThan(0)
  })

  test('a name that is not a string is refused', async () => {
    const store = (await open(join(scratchFolder(), 'keys'))) as unknown as Readonly<Record<string, Method>>
    const named = methods.filter((each) => each !== 'list' && each !== 'find' && store[each] !== undefined)
    for (const name of named) {
      expect(await failure('INVALID_ARGUMENT', () => store[name]?.(5))).toBe('name must be a string')
    }
    expect(await failure('INVALID_ARGUMENT', () => store['find']?.({ subject: 5 }))).toBe(
      'query.subject must be a string',
    )
  })
})

/** The secret in each position, alone and among valid arguments, and as each option. */
function callsWith(secret: unknown): readonly (readonly unknown[])[] {
  const options = [
    'thumbprint',
    'subject',
    'friendlyName',
    'version',
    'keyType',
    'name',
    'signal',
    'password',
  ]
  return [
    ...[0, 1, 2].map((at) => [0, 1, 2].map((each) => (each === at ? secret : undefined))),
    ...[1, 2].map((at) => ['k', Buffer.from('x'), ''].map((each, index) => (index === at ? secret : each))),
    ...options.flatMap((option) => [[{ [option]: secret }], ['k', { [option]: secret }]]),
  ]
}

async function errorOf(call: () => Promise<unknown>): Promise<string | null> {
  try {
    await call()
    return null
  } catch (error) {
    return shownError(error)
  }
}

function isQuery(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.values(value).includes(secretPassword)
}
