import { randomBytes } from 'node:crypto'
import { access, constants, link, lstat, open, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { SealwrightError } from '@sealwright/core'
import type { Terminal } from './terminal.ts'

/** A megabyte is more than most files of keys; what is larger was probably named by mistake. */
const defaultMaximumBytes = 2 ** 20

/** @throws SealwrightError `NOT_FOUND`, `ACCESS_DENIED`, `LIMIT_EXCEEDED`, `UNAVAILABLE` */
export async function readWholeFile(
  path: string,
  maximumBytes: number = defaultMaximumBytes,
): Promise<Uint8Array> {
  try {
    const handle = await open(path, 'r')
    try {
      // Pipes and devices have no size to ask for, and some no end.
      return await readAll(handle.createReadStream({ autoClose: false }), path, maximumBytes)
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw translated(error, path, 'read')
  }
}

/**
 * Writes a file that was not there, for its owner alone, so that it is there whole or not at all: under another name in the
 * same folder, flushed, and then linked, which unlike renaming never takes the place of a file.
 *
 * @throws SealwrightError `ALREADY_EXISTS`, `ACCESS_DENIED`, `NOT_FOUND`, `UNAVAILABLE`
 */
export async function writeNewFile(path: string, content: Uint8Array | string): Promise<void> {
  const temporaryPath = join(dirname(path), `.sealwright-${randomBytes(16).toString('hex')}.tmp`)
  try {
    try {
      await writePrivateFile(temporaryPath, content)
      await link(temporaryPath, path)
    } catch (error) {
      if (!isWithoutHardLinks(error)) throw error
      await writePrivateFile(path, content)
    } finally {
      await rm(temporaryPath, { force: true })
    }
  } catch (error) {
    throw translated(error, path, 'written')
  }
}

/** A half-written one is removed. */
async function writePrivateFile(path: string, content: Uint8Array | string): Promise<void> {
  const handle = await open(path, 'wx', 0o600)
  try {
    await handle.writeFile(content)
    await handle.sync()
  } catch (error) {
    await rm(path, { force: true })
    throw error
  } finally {
    await handle.close()
  }
}

/** Linux answers EPERM where the file system has no links, as on a USB stick; others ENOTSUP or ENOSYS. */
function isWithoutHardLinks(error: unknown): boolean {
  return (
    error instanceof Error &&
    Reflect.get(error, 'syscall') === 'link' &&
    ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(String(Reflect.get(error, 'code')))
  )
}

/**
 * For a clear word before the work is done; {@link writeNewFile} is what keeps a file as it is.
 *
 * @throws SealwrightError `ALREADY_EXISTS`, `NOT_FOUND` for the folder, and as {@link writeNewFile}
 */
export async function assertWritable(path: string): Promise<void> {
  try {
    await access(dirname(path), constants.W_OK | constants.X_OK)
  } catch (error) {
    throw translated(error, dirname(path), 'written to')
  }
  // The path itself may be a link that leads nowhere.
  const there = await lstat(path).catch(() => null)
  if (there !== null) throw alreadyThere(path)
}

/**
 * A password from a file, where no process list shows it: its one line, without the line break and a byte order mark.
 *
 * @param path `-` for standard input; undefined for no password
 * @throws SealwrightError as {@link readWholeFile}, and `INVALID_ENCODING` for what is no UTF-8, or several lines
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
  return new SealwrightError('ALREADY_EXISTS', `${path} is there already, and was left as it is`, { cause })
}

function translated(error: unknown, path: string, done: 'read' | 'written' | 'written to'): unknown {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined
  switch (code) {
    case 'ENOENT':
      return new SealwrightError('NOT_FOUND', `${path}: there is no such file or folder`, { cause: error })
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
