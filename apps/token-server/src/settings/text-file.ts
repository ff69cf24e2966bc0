import { closeSync, openSync, readSync } from 'node:fs'
import { invalidSetting, messageOf } from './invalid-setting.ts'

/**
 * The text of a small UTF-8 file, without a byte order mark, which editors on Windows write.
 *
 * @param what for messages, such as `the settings file`
 * @param maximumBytes no more than this is ever read, whatever the file is
 * @throws SealwrightError `INVALID_ARGUMENT`
 */
export function readTextFile(path: string, what: string, maximumBytes: number): string {
  const bytes = readStart(path, what, maximumBytes + 1)
  if (bytes.length > maximumBytes)
    throw invalidSetting(`${what} ${path} is larger than ${maximumBytes} bytes`)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw invalidSetting(`${what} ${path} is not UTF-8`, cause)
  }
}

function readStart(path: string, what: string, length: number): Uint8Array {
  const buffer = Buffer.alloc(length)
  let filled = 0
  try {
    const file = openSync(path, 'r')
    try {
      for (let read = -1; read !== 0 && filled < length; filled += read) {
        read = readSync(file, buffer, filled, length - filled, null)
      }
    } finally {
      closeSync(file)
    }
  } catch (cause) {
    throw invalidSetting(`${what} cannot be read: ${messageOf(cause)}`, cause)
  }
  return buffer.subarray(0, filled)
}
