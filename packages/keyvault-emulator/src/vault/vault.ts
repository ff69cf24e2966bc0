import type { Storage } from './storage.ts'
import type { VaultDocument, VaultSettings } from './records.ts'

/** A change of a document that only time causes: a purge ends, a pending certificate is issued. */
export interface Settlement {
  /** Whether anything is due. */
  isDue(document: VaultDocument): boolean
  /** Does it, to a draft. */
  settle(draft: VaultDocument): void
}

/** Steps of one document that a read takes; the next read takes more. */
const maximumSteps = 50

/**
 * The contents of one vault. Every change is synchronous, from reading the record to having stored it, so requests
 * that run at the same time never see or make half a change.
 */
export class Vault {
  readonly name: string
  readonly #storage: Storage
  readonly #settlement: Settlement
  readonly #documents: Map<string, VaultDocument>
  #settings: VaultSettings

  constructor(name: string, storage: Storage, settlement: Settlement) {
    this.name = name
    this.#storage = storage
    this.#settlement = settlement
    const { documents, settings } = storage.loadVault(name)
    this.#documents = documents
    this.#settings = settings ?? { contacts: null, issuers: {} }
  }

  /** The document of that name as it is now, names compared without case. Not to be changed. */
  read(name: string): VaultDocument {
    const key = name.toLowerCase()
    const document = this.#documents.get(key)
    if (document === undefined) return emptyDocument()
    if (!this.#settlement.isDue(document)) return document
    const draft = structuredClone(document)
    // A clock that was moved far can make several steps due, each at its own time.
    for (let step = 0; step < maximumSteps && this.#settlement.isDue(draft); step++) {
      this.#settlement.settle(draft)
    }
    this.#store(key, draft)
    return draft
  }

  /** Every document, by name. */
  readAll(): VaultDocument[] {
    return [...this.#documents.keys()].toSorted().map((name) => this.read(name))
  }

  /**
   * Changes a document. When `change` throws, nothing has changed.
   *
   * @param change gets a draft it may alter
   */
  update<T>(name: string, change: (draft: VaultDocument) => T): T {
    const draft = structuredClone(this.read(name))
    const result = change(draft)
    this.#store(name.toLowerCase(), draft)
    return result
  }

  get settings(): VaultSettings {
    return this.#settings
  }

  updateSettings<T>(change: (draft: VaultSettings) => T): T {
    const draft = structuredClone(this.#settings)
    const result = change(draft)
    this.#storage.saveSettings(this.name, draft)
    this.#settings = draft
    return result
  }

  #store(key: string, document: VaultDocument): void {
    const empty = document.key === null && document.secret === null && document.certificate === null
    this.#storage.saveDocument(this.name, key, empty ? null : document)
    if (empty) this.#documents.delete(key)
    else this.#documents.set(key, document)
  }
}

function emptyDocument(): VaultDocument {
  return { key: null, secret: null, certificate: null }
}
