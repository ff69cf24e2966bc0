import type { Stats } from 'node:fs'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { checkAccess } from '../../src/files/access-rule.ts'

const [user, group, anotherGroup] = [1000, 2000, 3000]

beforeEach(() => {
  vi.spyOn(process, 'geteuid').mockReturnValue(user)
  vi.spyOn(process, 'getegid').mockReturnValue(user)
  vi.spyOn(process, 'getgroups').mockReturnValue([user, group])
})
afterEach(() => vi.restoreAllMocks())

function check(kind: 'file' | 'folder', uid: number, gid: number, mode: number): string | null {
  try {
    checkAccess({ uid, gid, mode } as Stats, kind, '/secrets/key.pfx', 0o077)
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

test.each([
  // As Kubernetes mounts a secret for a pod with an fsGroup, and as PostgreSQL accepts it.
  [0, group, 0o440, true],
  [0, group, 0o640, true],
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
  const refusal = expect.stringContaining('type: chmod 600 /secrets/key.pfx') as unknown
  expect(check('file', uid, gid, mode)).toEqual(isAccepted ? null : refusal)
})

test('a folder of root that its group can list is refused', () => {
  expect(check('folder', 0, group, 0o750)).toContain('type: chmod 700')
})
