import { access, constants, lstat, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { SealwrightError } from '@sealwright/core'
import { createPrivateFile } from '@sealwright/local-store/internal'
import type { Terminal } from './terminal.ts'

/** A megabyte. A larger file was probably named by mistake. */
const defaultMaximumBytes = 2 ** 20

/** @throws SealwrightError `NOT_FOUND`, `ACCESS_DENIED`, `LIMIT_EXCEEDED`, `UNAVAILABLE` */
export async function readWholeFile(
  path: string,
  maximumBytes: number = defaultMaximumBytes,
): Promise<Uint8Array> {
  try {
    const handle = await open(path, 'r')
    try {
      // Pipes and devices have no size, and some have no end.
      return await readAll(handle.createReadStream({ autoClose: false }), path, maximumBytes)
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw translated(error, path, 'read')
  }
}

/**
 * Writes a new file that only its owner can read, whole or not at all. On a file system without hard links, such as a USB
 * stick's, a crash can leave half a file.
 *
 * @throws SealwrightError `ALREADY_EXISTS`, `ACCESS_DENIED`, `NOT_FOUND`, `UNAVAILABLE`
 */
export async function writeNewFile(path: string, content: Uint8Array | string): Promise<void> {
  try {
    await createPrivateFile(path, content, { withoutHardLinks: 'in-place' })
  } catch (error) {
    throw translated(error, path, 'written')
  }
}

/**
 * Checks early that a file can be written, for a clear error before the work is done. {@link writeNewFile} itself never replaces a
 * file.
 *
 * @throws SealwrightError `ALREADY_EXISTS`, `NOT_FOUND` for the folder, and as {@link writeNewFile}
 */
export async function assertWritable(path: string): Promise<void> {
  try {
    await access(dirname(path), constants.W_OK | constants.X_OK)
  } catch (error) {
    throw translated(error, dirname(path), 'written to')
  }
  // The path itself may be a symbolic link with no target.
  const there = await lstat(path).catch(() => null)
  if (there !== null) throw alreadyThere(path)
}

/**
 * Reads a password from a file, since process lists show arguments. It is one line; a line break at its end and a byte order mark
 * are not part of it.
 *
 * @param path `-` for standard input; undefined for no password
 * @throws SealwrightError as {@link readWholeFile}, and `INVALID_ENCODING` for bytes that are not UTF-8 and for several lines
 */
export async function readPassword(path: string | undefined, { stdin }: Terminal): Promise<string> {
  if (path === undefined) return ''
  const from = path === '-' ? 'standard input' : path
  const bytes = path === '-' ? await readAll(stdin, from, defaultMaximumBytes) : await readWholeFile(path)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new SealwrightError('INVALID_ENCODING', `the password in ${from} is not UTF-8`, { cause })
  }
  const password = text.replace(/\r?\n$/, '')
  if (/[\r\n]/.test(password)) {
    throw new SealwrightError('INVALID_ENCODING', `the password in ${from} has more than one line`)
  }
  return password
}

/** @throws SealwrightError `LIMIT_EXCEEDED` */
async function readAll(
  stream: AsyncIterable<Uint8Array>,
  path: string,
  maximumBytes: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of stream) {
    chunks.push(chunk)
    length += chunk.length
    if (length > maximumBytes) {
      throw new SealwrightError(
        'LIMIT_EXCEEDED',
        `${path} has more than the ${maximumBytes} bytes that are allowed`,
      )
    }
  }
  return Buffer.concat(chunks)
}

function alreadyThere(path: string, cause?: unknown): SealwrightError {
  return new SealwrightError('ALREADY_EXISTS', `${path} already exists and stays as it is`, { cause })
}

function translated(error: unknown, path: string, done: 'read' | 'written' | 'written to'): unknown {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined
  switch (code) {
    case 'ENOENT':
      return new SealwrightError('NOT_FOUND', `${path}: no such file or folder`, { cause: error })
    case 'EEXIST':
      return alreadyThere(path, error)
    case 'EACCES':
    case 'EPERM':
      return new SealwrightError('ACCESS_DENIED', `${path} cannot be ${done}: permission denied`, {
        cause: error,
      })
    case 'EISDIR':
      return new SealwrightError('INVALID_ARGUMENT', `${path} is a folder`, { cause: error })
    default:
      return typeof code === 'string' && code.startsWith('E')
        ? new SealwrightError('UNAVAILABLE', `${path} cannot be ${done}: ${code}`, { cause: error })
        : error
  }
}
