import type { Stats } from 'node:fs'
import { isSealwrightError } from '@sealwright/core'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { checkAccess, ownerOnly, unchecked } from '../../src/files/access-rule.ts'

const [user, group, anotherGroup] = [1000, 2000, 3000]

beforeEach(() => {
  vi.spyOn(process, 'geteuid').mockReturnValue(user)
  vi.spyOn(process, 'getegid').mockReturnValue(user)
  vi.spyOn(process, 'getgroups').mockReturnValue([group, 0])
})
afterEach(() => vi.restoreAllMocks())

function check(
  kind: 'file' | 'folder',
  uid: number,
  gid: number,
  mode: number,
  forbidden: number | null = 0o077,
  path = '/secrets/key.pfx',
): string | null {
  try {
    checkAccess({ uid, gid, mode } as Stats, kind, path, forbidden)
    return null
  } catch (error) {
    if (!isSealwrightError(error, 'UNSAFE_PERMISSIONS')) throw error
    return error.message
  }
}

test.each([
  // As Kubernetes mounts a secret for a pod with an fsGroup, and as PostgreSQL accepts it.
  [0, group, 0o440, true],
  [0, group, 0o640, true],
  [0, 0, 0o440, true],
  [0, user, 0o440, true],
  [0, anotherGroup, 0o440, false],
  [0, group, 0o660, false],
  [0, group, 0o450, false],
  [0, group, 0o444, false],
  [user, group, 0o440, false],
  [user, group, 0o640, false],
  [user, group, 0o660, false],
  [user, group, 0o600, true],
  [0, anotherGroup, 0o400, true],
])('a file of user %i and group %i with mode %o: accepted %s', (uid, gid, mode, isAccepted) => {
  const refusal = expect.stringContaining('run: chmod 600 /secrets/key.pfx') as unknown
  expect(check('file', uid, gid, mode)).toEqual(isAccepted ? null : refusal)
})

describe('a credential of systemd, whose mode shows the mask of its access control list', () => {
  const folder = '/run/credentials/token-server.service'

  beforeEach(() => {
    vi.stubEnv('CREDENTIALS_DIRECTORY', folder)
    vi.spyOn(process, 'getgroups').mockReturnValue([group])
  })
  afterEach(() => vi.unstubAllEnvs())

  const isAccepted = (uid: number, gid: number, mode: number, path = `${folder}/key.pfx`): boolean =>
    check('file', uid, gid, mode, 0o077, path) === null

  test('is accepted if only root can change it', () => {
    expect(isAccepted(0, 0, 0o100_440)).toBe(true)
    expect(isAccepted(0, 0, 0o440, `${folder}/tls/tls.key`)).toBe(true)
    for (const [uid, gid, mode] of [
      [0, anotherGroup, 0o440],
      [user, 0, 0o440],
      [0, 0, 0o640],
      [0, 0, 0o460],
      [0, 0, 0o444],
      [0, 0, 0o550],
    ] as const)
      expect(isAccepted(uid, gid, mode), `${uid} ${gid} ${mode}`).toBe(false)
    expect(check('folder', 0, 0, 0o440, 0o077, `${folder}/keys`)).toContain('run: chmod 700')
  })

  test('is in the folder that systemd names', () => {
    for (const path of [
      `${folder}/../other.service/key.pfx`,
      `${folder}.old/key.pfx`,
      folder,
      '/secrets/key.pfx',
    ])
      expect(isAccepted(0, 0, 0o440, path), path).toBe(false)
    for (const named of ['', '.', 'run', '/']) {
      vi.stubEnv('CREDENTIALS_DIRECTORY', named)
      expect(isAccepted(0, 0, 0o440), named).toBe(false)
      expect(isAccepted(0, 0, 0o440, 'key.pfx'), named).toBe(false)
    }
    vi.stubEnv('CREDENTIALS_DIRECTORY', undefined)
    expect(isAccepted(0, 0, 0o440)).toBe(false)
  })
})

test('a folder of root that its group can list is refused', () => {
  expect(check('folder', 0, group, 0o750)).toContain('run: chmod 700')
  expect(check('folder', 0, group, 0o740)).toContain('run: chmod 700')
})

test('a mode is shown with three digits', () => {
  expect(check('file', user, user, 0o100_004)).toBe(
    'the file /secrets/key.pfx has mode 004, so other users can access the private key; run: chmod 600 /secrets/key.pfx',
  )
})

test('what belongs to another user is refused, except to root', () => {
  expect(check('file', 1001, group, 0o600)).toBe(
    'the file /secrets/key.pfx is owned by user 1001, who can replace the private key, and this process runs as user 1000; run: sudo chown 1000 /secrets/key.pfx',
  )
  vi.spyOn(process, 'geteuid').mockReturnValue(0)
  expect(check('file', 1001, group, 0o600)).toBeNull()
})

test.each([
  [0, 0o640, false],
  [group, 0o640, true],
  [anotherGroup, 0o640, false],
])('root opens a file of root and group %i with mode %o: accepted %s', (gid, mode, isAccepted) => {
  vi.spyOn(process, 'geteuid').mockReturnValue(0)
  vi.spyOn(process, 'getegid').mockReturnValue(0)
  expect(check('file', 0, gid, mode) === null).toBe(isAccepted)
})

test('nothing is checked where the rule says so, and where there are no users', () => {
  expect(unchecked).toEqual({ forbiddenInFolder: null, forbiddenInFile: null })
  expect(ownerOnly).toEqual({ forbiddenInFolder: 0o077, forbiddenInFile: 0o077 })
  expect(check('file', 1001, group, 0o666, null)).toBeNull()
  vi.stubGlobal('process', { ...process, geteuid: undefined })
  try {
    expect(check('file', 1001, group, 0o666)).toBeNull()
    vi.stubGlobal('process', { env: {}, geteuid: () => user })
    expect(check('file', 0, group, 0o440)).toContain('has mode 440')
  } finally {
    vi.unstubAllGlobals()
  }
})
