import { expect, test } from 'vitest'
import { mayFollow } from '../../src/store/next-version.ts'
import type { Collection } from '../../src/vault/collection.ts'

const second = new Date('2030-01-01T00:00:00Z')

/** A vault with versions of one name, that calls one of them the newest. */
function vaultWith(
  versions: readonly { readonly version: string; readonly createdAt: Date }[],
  newest: string,
): Collection {
  const listed = versions.map((each) => ({ ...each, updatedAt: each.createdAt, enabled: true }))
  const createdAt = versions.find(({ version }) => version === newest)?.createdAt ?? second
  const vault: Pick<Collection, 'newest' | 'versions'> = {
    newest: async () => ({ version: newest, createdAt, answeredAt: new Date(createdAt.getTime() + 1_000) }),
    versions: async () => listed,
  }
  return vault as Collection
}

const follow = (vault: Collection, after: string): Promise<void> =>
  mayFollow(vault, 'the vault', { name: 'a', after, signal: undefined })

test.each(['a', 'b'])(
  'of two versions of one second, the one that the vault calls the newest: %s',
  async (newest) => {
    const vault = vaultWith(
      [
        { version: 'a', createdAt: second },
        { version: 'c', createdAt: new Date(second.getTime() - 5_000) },
        { version: 'b', createdAt: second },
      ],
      newest,
    )
    await expect(follow(vault, newest)).resolves.toBeUndefined()
    await expect(follow(vault, newest === 'a' ? 'b' : 'a')).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    await expect(follow(vault, 'c')).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
  },
)

test('otherwise the last that was made', async () => {
  const later = new Date(second.getTime() + 1_000)
  const vault = vaultWith(
    [
      { version: 'b', createdAt: second },
      { version: 'a', createdAt: later },
    ],
    'a',
  )
  await expect(follow(vault, 'a')).resolves.toBeUndefined()
  await expect(follow(vault, 'b')).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
})
