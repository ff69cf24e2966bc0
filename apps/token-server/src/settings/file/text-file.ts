import { closeSync, openSync, readSync } from 'node:fs'
import { invalidSetting, messageOf } from '../invalid-setting.ts'

/**
 * The text of a small UTF-8 file, without the byte order mark that editors on Windows write.
 *
 * @param description for messages, such as `the settings file`
 * @param maximumBytes no more is read, even from a device
 * @throws SealwrightError `INVALID_ARGUMENT`
 */
export function readTextFile(path: string, description: string, maximumBytes: number): string {
  const bytes = readStart(path, description, maximumBytes + 1)
  if (bytes.length > maximumBytes)
    throw invalidSetting(`${description} ${path} is larger than ${maximumBytes} bytes`)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw invalidSetting(`${description} ${path} is not UTF-8`, cause)
  }
}

function readStart(path: string, description: string, length: number): Uint8Array {
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
    throw invalidSetting(`${description} cannot be read: ${messageOf(cause)}`, cause)
  }
  return buffer.subarray(0, filled)
}

/** Passwords are shorter; a private key or another file named by mistake is longer. */
const maximumPasswordBytes = 1024

/**
 * The password in a file, without the line break that editors and `echo` append.
 *
 * @param setting the setting that names the file, for messages
 * @throws SealwrightError `INVALID_ARGUMENT`
 */
export function readPasswordFile(path: string, setting: string): string {
  const value = readTextFile(path, setting, maximumPasswordBytes).replace(/\r?\n$/, '')
  if (value === '') throw invalidSetting(`${setting} ${path} is empty`)
  return value
}
