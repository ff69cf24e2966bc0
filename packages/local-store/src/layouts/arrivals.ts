import { open } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileSystemError } from '../files/file-system-error.ts'
import { removeFile } from '../files/key-file.ts'

// When a key came into a folder. Neither a file's modification time nor a certificate's notBefore can tell: both may be older
// than the arrival. So the store leaves an empty file whose name has the name and kid of the key and the time, made
// before the key's file appears. A folder that is copied whole keeps it; a key file that is copied alone arrives without.

const pattern = /^\.(.+)\.([\w-]{43})\.arrived-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z$/

/** How long a key's file may take to appear after its arrival was recorded, in milliseconds. */
const tolerance = 5_000

/**
 * Records that a key arrives in the folder now.
 *
 * @param earliest the time to record when it is later than now, in milliseconds since 1970
 * @returns removes the record again, for a key that did not arrive after all; or confirms it
 * @throws SealwrightError `ACCESS_DENIED`, `UNAVAILABLE`
 */
export async function recordArrival(
  folder: string,
  name: string,
  keyId: string,
  earliest: number,
): Promise<{ undo(): Promise<void>; confirm(): Promise<Date> }> {
  const at = new Date(Math.max(Date.now(), earliest))
  const path = await makeRecord(folder, name, keyId, at)
  return {
    async undo() {
      await removeFile(path)
    },
    async confirm() {
      const now = new Date()
      if (now.getTime() - at.getTime() <= tolerance) return at
      // The process stood still before the file appeared, so the key arrived later than recorded. The latest record counts.
      await makeRecord(folder, name, keyId, now)
      return now
    },
  }
}

/** The time of a key's arrival, from the names of all files in its folder; null when it is not recorded. */
export function arrivalOf(fileNames: readonly string[], name: string, keyId: string): Date | null {
  const times = fileNames.flatMap((fileName) => {
    const record = readRecord(fileName)
    return record?.name === name.toLowerCase() && record.keyId === keyId ? [record.time] : []
  })
  return times.length === 0 ? null : new Date(Math.max(...times))
}

/** The records of a name, as file names. */
export function arrivalsOf(fileNames: readonly string[], name: string): readonly string[] {
  return fileNames.filter((fileName) => readRecord(fileName)?.name === name.toLowerCase())
}

function readRecord(
  fileName: string,
): { readonly name: string; readonly keyId: string; readonly time: number } | null {
  const [, name, keyId, year, month, day, hour, minute, second, millisecond] = pattern.exec(fileName) ?? []
  if (name === undefined || keyId === undefined) return null
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${millisecond}Z`)
  return Number.isNaN(time) ? null : { name, keyId, time }
}

async function makeRecord(folder: string, name: string, keyId: string, at: Date): Promise<string> {
  const time = at.toISOString().replaceAll(/[-:.]/g, '')
  const path = join(folder, `.${name.toLowerCase()}.${keyId}.arrived-${time}`)
  try {
    // Another process may record the same key in the same millisecond.
    const handle = await open(path, 'a', 0o600)
    await handle.close()
  } catch (error) {
    throw fileSystemError(`cannot write ${basename(path)} in ${dirname(path)}`, error)
  }
  return path
}
