/** A version of a key or certificate in a list. */
export interface ListedVersion {
  readonly version: string
  readonly createdAt: Date | null
  /** When anything but the key itself last changed; null when the vault does not say. */
  readonly updatedAt: Date | null
  readonly enabled: boolean
}

/** What the vault says of the newest version. */
export interface NewestVersion {
  readonly version: string
  readonly createdAt: Date | null
  /** The time on the vault's clock when it answered, in whole seconds; null when it did not say. */
  readonly answeredAt: Date | null
}

/** The names in the pages of a list. */
export async function namesIn(pages: AsyncIterable<{ name?: string }>): Promise<readonly string[]> {
  const names: string[] = []
  for await (const { name } of pages) if (name !== undefined) names.push(name)
  return names
}

/** The versions that count in the pages of a list, in any order. */
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

/**
 * The version in an answer, with the time of the vault's clock, which the service sends as `Date` (RFC 9110 §6.6.1).
 *
 * @param send asks for the newest version
 */
export async function newestIn(
  send: (
    onResponse: (response: { readonly headers: { get(name: string): string | undefined } }) => void,
  ) => Promise<{ readonly properties: { readonly version?: string; readonly createdOn?: Date } }>,
): Promise<NewestVersion> {
  let date: string | undefined
  const { properties } = await send(({ headers }) => (date = headers.get('date')))
  const time = Date.parse(date ?? '')
  return {
    version: properties.version ?? '',
    createdAt: properties.createdOn ?? null,
    answeredAt: Number.isNaN(time) ? null : new Date(time),
  }
}
