import { open, rm } from 'node:fs/promises'
import { SealwrightError } from '@sealwright/core'
import type { Terminal } from './terminal.ts'

/** A megabyte is more than any file of keys; what is larger was named by mistake. */
const maximumBytes = 2 ** 20

/** @throws SealwrightError `NOT_FOUND`, `ACCESS_DENIED`, `LIMIT_EXCEEDED`, `UNAVAILABLE` */
export async function readWholeFile(path: string): Promise<Uint8Array> {
  try {
    const handle = await open(path, 'r')
    try {
      const { size } = await handle.stat()
      if (size > maximumBytes) {
        throw new SealwrightError('LIMIT_EXCEEDED', `${path} has ${size} bytes; ${maximumBytes} are allowed`)
      }
      return await handle.readFile()
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw translated(error, path, 'read')
  }
}

/**
 * Writes a file that was not there, for its owner alone; a half-written one is removed.
 *
 * @throws SealwrightError `ALREADY_EXISTS`, `ACCESS_DENIED`, `NOT_FOUND`, `UNAVAILABLE`
 */
export async function writeNewFile(path: string, content: Uint8Array | string): Promise<void> {
  try {
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
  } catch (error) {
    throw translated(error, path, 'written')
  }
}

/**
 * A password from a file, where no process list shows it: what is in it, without the line break at its end.
 *
 * @param path `-` for standard input; undefined for no password
 * @throws SealwrightError as {@link readWholeFile}, and `INVALID_ENCODING` for what is no UTF-8
 */
export async function readPassword(path: string | undefined, { stdin }: Terminal): Promise<string> {
  if (path === undefined) return ''
  const bytes = path === '-' ? await readAll(stdin) : await readWholeFile(path)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '')
  } catch (cause) {
    throw new SealwrightError('INVALID_ENCODING', `the password in ${path} is not UTF-8`, { cause })
  }
}

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function translated(error: unknown, path: string, done: 'read' | 'written'): unknown {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined
  switch (code) {
    case 'ENOENT':
      return new SealwrightError('NOT_FOUND', `${path}: there is no such file or folder`, { cause: error })
    case 'EEXIST':
      return new SealwrightError('ALREADY_EXISTS', `${path} is there already, and was left as it is`, {
        cause: error,
      })
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
