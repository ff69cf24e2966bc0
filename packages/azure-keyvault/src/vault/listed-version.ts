/** A version of a key or certificate, as a list has it. */
export interface ListedVersion {
  readonly version: string
  readonly createdAt: Date | null
  /** When anything but the key itself last changed; null when the vault does not say. */
  readonly updatedAt: Date | null
  readonly enabled: boolean
}

/** The names in the pages of a list. */
export async function namesIn(pages: AsyncIterable<{ name?: string }>): Promise<readonly string[]> {
  const names: string[] = []
  for await (const { name } of pages) if (name !== undefined) names.push(name)
  return names
}

/** The versions in the pages of a list that count, in no order. */
export async function versionsIn<
  Item extends { version?: string; createdOn?: Date; updatedOn?: Date; enabled?: boolean },
>(
  pages: AsyncIterable<Item>,
  counts: (item: Item) => boolean = () => true,
): Promise<readonly ListedVersion[]> {
  const versions: ListedVersion[] = []
  for await (const item of pages) {
    const { version, createdOn, updatedOn, enabled } = item
    if (version !== undefined && counts(item)) {
      versions.push({
        version,
        createdAt: createdOn ?? null,
        updatedAt: updatedOn ?? null,
        enabled: enabled !== false,
      })
    }
  }
  return versions
}
