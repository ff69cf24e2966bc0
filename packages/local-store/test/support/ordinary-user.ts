import { chown } from 'node:fs/promises'

/** The user and group `nobody`, which root turns into where a test is about what root is exempt from. */
export const nobody = 65534

/** Runs `action` as a user whom modes bind: as this one, or where that is root as `nobody`. */
export async function asOrdinaryUser<Result>(action: () => Promise<Result>): Promise<Result> {
  if (process.geteuid?.() !== 0) return action()
  const groups = process.getgroups?.() ?? []
  process.setgroups?.([nobody])
  process.setegid?.(nobody)
  process.seteuid?.(nobody)
  try {
    return await action()
  } finally {
    process.seteuid?.(0)
    process.setegid?.(0)
    process.setgroups?.(groups)
  }
}

/** Gives files to the user that {@link asOrdinaryUser} runs as. */
export async function giveToOrdinaryUser(...paths: readonly string[]): Promise<void> {
  if (process.geteuid?.() !== 0) return
  await Promise.all(paths.map((path) => chown(path, nobody, nobody)))
}
