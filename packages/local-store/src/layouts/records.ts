import { open } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { attempt } from '../files/file-system-error.ts'
import { flush, removeFile } from '../files/key-file.ts'
import { giveTo, ownerOf } from '../files/owner.ts'
import { isSameName } from '../find/key-name.ts'

// A folder records facts about its keys in the names of empty files: `.NAME.KID.arrived-TIME` and `.NAME.KID.disabled`. A copy of the whole
// folder keeps them. A key file that is copied without it has none.
//
// The time of arrival is recorded before the file of the key appears. The modification time of the file and the notBefore of the
// certificate can both be older.

const recordPattern = /^\.(.+)\.([\w-]{43})\.(disabled|arrived-\d{8}T\d{9}Z)$/
const arrivedPattern = /^arrived-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z$/

/** How long a key's file may take to appear after its arrival was recorded, in milliseconds. */
const tolerance = 5_000

/**
 * Records that a key arrives in the folder now.
 *
 * @param earliest the time to record when it is later than now, in milliseconds since 1970
 * @returns `undo` removes the record, for a key that did not arrive after all; `confirm` returns the time that counts
 * @throws SealwrightError `ACCESS_DENIED`, `UNAVAILABLE`
 */
export async function recordArrival(
  folder: string,
  name: string,
  keyId: string,
  earliest: number,
): Promise<{ undo(): Promise<void>; confirm(): Promise<Date> }> {
  let at = new Date(Math.max(Date.now(), earliest))
  let path = await makeRecord(folder, name, keyId, arrivedAt(at))
  // Another process records the same key at the same time. Each needs its own record, which it may remove.
  while (path === null) {
    at = new Date(at.getTime() + 1)
    // oxlint-disable-next-line no-await-in-loop
    path = await makeRecord(folder, name, keyId, arrivedAt(at))
  }
  const own = path
  return {
    async undo() {
      await removeFile(own)
    },
    async confirm() {
      const now = new Date()
      if (now.getTime() - at.getTime() <= tolerance) return at
      // The process was stopped before the file appeared, so the key arrived later than recorded. The latest record counts.
      await makeRecord(folder, name, keyId, arrivedAt(now))
      return now
    },
  }
}

/** The time of a key's arrival, from the names of all files in its folder; null when it is not recorded. */
export function arrivalOf(fileNames: readonly string[], name: string, keyId: string): Date | null {
  const times = recordsIn(fileNames, name).flatMap((record) =>
    record.keyId === keyId && record.time !== null ? [record.time] : [],
  )
  return times.length === 0 ? null : new Date(Math.max(...times))
}

/**
 * Records that a key is disabled. Renewing its certificate does not enable it.
 *
 * @throws SealwrightError `ACCESS_DENIED`, `UNAVAILABLE`
 */
export async function recordDisabled(folder: string, name: string, keyId: string): Promise<void> {
  await makeRecord(folder, name, keyId, 'disabled')
  await flush(folder)
}

/** The name of the file that records that the key is disabled; null for a key that is enabled. */
export function disabledBy(fileNames: readonly string[], name: string, keyId: string): string | null {
  const records = recordsIn(fileNames, name)
  return records.find((record) => record.keyId === keyId && record.time === null)?.fileName ?? null
}

/** All records of a name, as file names. */
export function recordsOf(fileNames: readonly string[], name: string): readonly string[] {
  return recordsIn(fileNames, name).map(({ fileName }) => fileName)
}

interface KeyRecord {
  readonly fileName: string
  readonly keyId: string
  /** When the key arrived, in milliseconds since 1970; null in the record that it is disabled. */
  readonly time: number | null
}

function recordsIn(fileNames: readonly string[], name: string): readonly KeyRecord[] {
  return fileNames.flatMap((fileName) => {
    const [, own, keyId, fact] = recordPattern.exec(fileName) ?? []
    if (own === undefined || keyId === undefined || fact === undefined || !isSameName(own, name)) return []
    const time =
      fact === 'disabled' ? null : Date.parse(fact.replace(arrivedPattern, '$1-$2-$3T$4:$5:$6.$7Z'))
    return Number.isNaN(time) ? [] : [{ fileName, keyId, time }]
  })
}

function arrivedAt(time: Date): string {
  return `arrived-${time.toISOString().replaceAll(/[-:.]/g, '')}`
}

/** Creates an empty file. Returns its path; null when the file is there. */
function makeRecord(folder: string, name: string, keyId: string, record: string): Promise<string | null> {
  const path = join(folder, `.${name.toLowerCase()}.${keyId}.${record}`)
  const make = async (): Promise<string> => {
    const handle = await open(path, 'wx', 0o600)
    try {
      await giveTo(handle, await ownerOf(folder))
    } finally {
      await handle.close()
    }
    return path
  }
  return attempt(`cannot write ${basename(path)} in ${folder}`, make, 'EEXIST')
}
