import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { EmulatorError } from '../protocol/errors.ts'
import type { VaultDocument, VaultSettings } from './records.ts'

/**
 * Where records outlive the process. Writes are on disk when they return, so a killed
 * emulator has every change that it has answered.
 */
export interface Storage {
  loadVault(vault: string): { documents: Map<string, VaultDocument>; settings: VaultSettings | null }
  /** Null removes it. */
  saveDocument(vault: string, name: string, document: VaultDocument | null): void
  saveSettings(vault: string, settings: VaultSettings): void
  /** The emulator's own keys, such as that of its certificate authority; null when none were saved. */
  loadSecrets(): unknown
  saveSecrets(secrets: unknown): void
  /** Releases it to other processes. */
  close(): void
}

/** Keeps nothing. */
export const memoryStorage: Storage = {
  loadVault: () => ({ documents: new Map(), settings: null }),
  saveDocument: () => {},
  saveSettings: () => {},
  loadSecrets: () => null,
  saveSecrets: () => {},
  close: () => {},
}

/**
 * One JSON file per name and vault, each replaced as a whole: written beside, synced, renamed over, folder synced.
 * A kill at any instant leaves the old file or the new one. The files hold private keys in the clear.
 *
 * @param directory is made when absent, readable only by its owner
 */
export function fileStorage(directory: string): Storage {
  const documentsOf = (vault: string): string => join(directory, 'vaults', vault, 'documents')
  const settingsOf = (vault: string): string => join(directory, 'vaults', vault, 'settings.json')
  const secrets = join(directory, 'emulator.json')
  makeFolder(directory)
  const lock = lockFolder(directory)
  return {
    close: () => rmSync(lock, { force: true }),
    loadVault(vault) {
      const documents = new Map<string, VaultDocument>()
      for (const file of listFolder(documentsOf(vault))) {
        if (file.endsWith('.json')) {
          // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the emulator wrote the file itself
          const document = readJson(join(documentsOf(vault), file)) as VaultDocument
          documents.set(file.slice(0, -'.json'.length), document)
        } else {
          rmSync(join(documentsOf(vault), file))
        }
      }
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the emulator wrote the file itself
      return { documents, settings: readJson(settingsOf(vault)) as VaultSettings | null }
    },
    saveDocument(vault, name, document) {
      const folder = documentsOf(vault)
      makeFolder(folder)
      const file = join(folder, `${name}.json`)
      if (document === null) {
        rmSync(file, { force: true })
        syncFolder(folder)
      } else {
        replaceFile(folder, file, document)
      }
    },
    saveSettings(vault, settings) {
      const folder = join(directory, 'vaults', vault)
      makeFolder(folder)
      replaceFile(folder, settingsOf(vault), settings)
    },
    loadSecrets: () => readJson(secrets),
    saveSecrets: (value) => replaceFile(directory, secrets, value),
  }
}

/**
 * Locks a folder against other processes. A lock of a process that has ended, as after a kill, is taken over.
 *
 * @returns the lock file
 * @throws EmulatorError while another process holds it
 */
function lockFolder(directory: string): string {
  const file = join(directory, 'emulator.lock')
  const holder = Number(readText(file) ?? process.pid)
  if (holder !== process.pid && isRunning(holder)) {
    throw new EmulatorError(
      `${directory} is in use by process ${holder}; stop it, or delete ${file} if that is not an emulator`,
    )
  }
  writeFileSync(file, String(process.pid), { mode: 0o600 })
  return file
}

function isRunning(processId: number): boolean {
  try {
    process.kill(processId, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

function replaceFile(folder: string, file: string, value: unknown): void {
  const temporary = `${file}.tmp`
  const descriptor = openSync(temporary, 'w', 0o600)
  try {
    // Goes on after a short write, or throws.
    writeFileSync(descriptor, JSON.stringify(value))
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  renameSync(temporary, file)
  syncFolder(folder)
}

/** Makes a rename or removal durable. Windows cannot open folders and does not need this. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return
  const descriptor = openSync(folder, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function makeFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

/** Null when there is no such file. */
function readJson(file: string): unknown {
  const text = readText(file)
  if (text === null) return null
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new EmulatorError(
      `${file} is not valid JSON, so it was not written by this emulator; move it away`,
      { cause },
    )
  }
}

/** Null when there is no such file. */
function readText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
