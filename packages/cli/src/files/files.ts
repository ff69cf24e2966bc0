import { access, constants, lstat, open, realpath, rm, stat, unlink } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { SealwrightError } from '@sealwright/core'
import { flushFolder } from '@sealwright/core/internal'
import { createPrivateFile, fileState, replacePrivateFile } from '@sealwright/local-store/internal'
import type { Terminal } from '../terminal/terminal.ts'

/** A megabyte. A larger file was probably named by mistake. */
const defaultMaximumBytes = 2 ** 20

/** @throws SealwrightError `NOT_FOUND`, `ACCESS_DENIED`, `LIMIT_EXCEEDED`, `UNAVAILABLE` */
async function readWholeFile(path: string, maximumBytes: number = defaultMaximumBytes): Promise<Uint8Array> {
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

/** A file to write. */
export interface Output {
  /** `-` for standard output. */
  readonly path: string
  readonly content: Uint8Array | string
}

/**
 * Writes files that only their owner can read, each whole or not at all. Where one cannot be written, new ones before it are
 * removed. On a file system without hard links, such as a USB stick's, a crash can leave half a file.
 *
 * @param force whether files that are there are replaced
 * @throws SealwrightError `ALREADY_EXISTS`, `ACCESS_DENIED`, `NOT_FOUND`, `UNAVAILABLE`
 */
export async function writeOutputs(
  outputs: readonly Output[],
  terminal: Terminal,
  force: boolean | undefined,
): Promise<void> {
  const made: string[] = []
  try {
    for (const { path, content } of outputs.filter((output) => output.path !== '-')) {
      // One after the other, so that those before a failure are known.
      // oxlint-disable-next-line no-await-in-loop
      await writeFile(path, content, force === true, made)
    }
  } catch (error) {
    await Promise.all(made.map((path) => rm(path, { force: true })))
    throw error
  }
  for (const { path, content } of outputs) if (path === '-') terminal.out(content)
}

/** @param made the path is added to it as soon as there is a new file */
async function writeFile(
  path: string,
  content: Uint8Array | string,
  force: boolean,
  made: string[],
): Promise<void> {
  try {
    const there = force ? await stat(path).catch(() => null) : null
    if (there === null) {
      await createPrivateFile(path, content, { withoutHardLinks: 'in-place' })
      made.push(path)
      await flushFolder(dirname(path))
      return
    }
    if ((await replacePrivateFile(path, Buffer.from(content), fileState(there).identity)) === null) {
      throw new SealwrightError('UNAVAILABLE', `${path} was replaced by another process meanwhile; try again`)
    }
  } catch (error) {
    throw translated(error, path, 'written')
  }
}

/**
 * Checks early that files can be written, for a clear error before the work is done. {@link writeOutputs} itself never replaces
 * a file without `force`.
 *
 * @param options those of the command
 * @throws SealwrightError `INVALID_ARGUMENT` if two have the same path, or if `-` and JSON are both wanted; `ALREADY_EXISTS`,
 *   `NOT_FOUND` for the folder, and as {@link writeOutputs}
 */
export async function assertOutputs(
  paths: readonly string[],
  { force, json }: { readonly force?: boolean | undefined; readonly json?: boolean | undefined },
): Promise<void> {
  const places = await Promise.all(paths.map(placeOf))
  if (new Set(places).size < places.length) {
    throw new SealwrightError('INVALID_ARGUMENT', 'two options name the same output file')
  }
  if (paths.includes('-') && json === true) {
    throw new SealwrightError('INVALID_ARGUMENT', '--json and - both write to standard output; omit one')
  }
  await Promise.all(paths.filter((path) => path !== '-').map((path) => assertWritable(path, force === true)))
}

/**
 * Checks that no file with a private key is replaced by one without it, not even with `--force`.
 *
 * @param outputs paths that get no private key, or another one
 * @throws SealwrightError `INVALID_ARGUMENT`
 */
export async function assertKept(keyFiles: readonly string[], outputs: readonly string[]): Promise<void> {
  const places = await Promise.all(outputs.map(placeOf))
  for (const path of keyFiles) {
    // oxlint-disable-next-line no-await-in-loop -- one or two
    if (path === '-' || !places.includes(await placeOf(path))) continue
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `${path} was not replaced: its private key is not in the new file and would be lost; use another file`,
    )
  }
}

/** The file that a path leads to. */
async function placeOf(path: string): Promise<string> {
  return path === '-' ? '-' : realpath(path).catch(() => resolve(path))
}

async function assertWritable(path: string, force: boolean): Promise<void> {
  try {
    await access(dirname(path), constants.W_OK | constants.X_OK)
  } catch (error) {
    throw translated(error, dirname(path), 'written to')
  }
  // The path itself may be a symbolic link with no target.
  const there = await lstat(path).catch(() => null)
  if (there === null) return
  if (!force) throw alreadyThere(path)
  const target = await stat(path).catch((error: unknown) => {
    throw translated(error, path, 'written')
  })
  if (!target.isFile()) throw new SealwrightError('INVALID_ARGUMENT', `${path} is not a file`)
}

/** @throws SealwrightError `INVALID_ARGUMENT` for standard input, and for a symbolic link: its file would stay */
export async function assertRemovable(path: string): Promise<void> {
  const problem =
    path === '-'
      ? 'standard input cannot be deleted; name the file'
      : (await lstat(path).catch(() => null))?.isSymbolicLink() === true
        ? `${path} is a symbolic link, and the file would stay: delete ${await realpath(path).catch(() => 'the file')}`
        : null
  if (problem !== null) throw new SealwrightError('INVALID_ARGUMENT', problem)
}

/** @throws SealwrightError `NOT_FOUND`, `ACCESS_DENIED`, `UNAVAILABLE` */
export async function removeFile(path: string): Promise<void> {
  try {
    await unlink(path)
  } catch (error) {
    throw translated(error, path, 'deleted')
  }
}

const stdinsRead = new WeakSet<object>()

/**
 * Reads standard input to its end.
 *
 * @throws SealwrightError `LIMIT_EXCEEDED`; `INVALID_ARGUMENT` when two arguments are `-`
 */
async function readStdin(
  { stdin }: Terminal,
  maximumBytes: number = defaultMaximumBytes,
): Promise<Uint8Array> {
  if (stdinsRead.has(stdin)) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      'two options read standard input; put one of them into a file',
    )
  }
  stdinsRead.add(stdin)
  return readAll(stdin, inputName('-'), maximumBytes)
}

/**
 * Reads a file, or standard input for `-`.
 *
 * @throws SealwrightError as {@link readWholeFile} and {@link readStdin}
 */
export async function readInput(
  path: string,
  terminal: Terminal,
  maximumBytes: number = defaultMaximumBytes,
): Promise<Uint8Array> {
  return path === '-' ? readStdin(terminal, maximumBytes) : readWholeFile(path, maximumBytes)
}

/** What messages call a file that is written, or standard output for `-`. */
export function outputName(path: string): string {
  return path === '-' ? 'standard output' : path
}

/** What messages call a file, or standard input for `-`. */
export function inputName(path: string): string {
  return path === '-' ? 'standard input' : path
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
      throw new SealwrightError('LIMIT_EXCEEDED', `${path} has more than the allowed ${maximumBytes} bytes`)
    }
  }
  return Buffer.concat(chunks)
}

function alreadyThere(path: string, cause?: unknown): SealwrightError {
  return new SealwrightError(
    'ALREADY_EXISTS',
    `${path} already exists and was not changed; --force replaces it`,
    { cause },
  )
}

function translated(
  error: unknown,
  path: string,
  done: 'read' | 'written' | 'written to' | 'deleted',
): unknown {
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
