import type { KeyStore, KeyTypeName } from '@sealwright/core'

/** What a store can do beyond what every store must. The suite holds it to what is said here, and to nothing more. */
export interface Capabilities {
  /** The key types it can make, at least one. The first is used wherever any will do: name a quick one. */
  readonly keyTypes: readonly KeyTypeName[]
  /**
   * Whether its keys come with a certificate, and how its validity is counted: `days` is exact, `months` is rounded up
   * to whole months. null for a store of bare keys.
   */
  readonly certificates: 'days' | 'months' | null
  /**
   * What it keeps of an imported certificate chain: all of it, or the key's own certificate alone; null for a store that
   * cannot import PKCS#12 files.
   */
  readonly importPkcs12: 'chain' | 'certificate' | 'key' | null
  /**
   * Whether importing a key that the store has, with another certificate, replaces its certificate. Such an import must not
   * change the key's `createdAt`: the key is not new.
   */
  readonly renew: boolean
  readonly exportPkcs12: boolean
  readonly delete: boolean
  readonly rotate: boolean
  /** Whether a key can be switched off without being deleted; {@link StoreUnderTest.switchOff} does it. */
  readonly switchOff: boolean
  /** Whether the place can be made unreadable for a test; {@link StoreUnderTest.cutOff} does it. */
  readonly cutOff: boolean
}

/** A store to be tested, and what only its owner can do to it. */
export interface StoreUnderTest {
  /**
   * The store. It need not be empty: every test uses names of its own, which are letters, digits and hyphens.
   */
  readonly store: KeyStore
  /** The same place opened anew, as another process would, with nothing remembered. */
  readonly reopen: () => Promise<KeyStore>
  /** Switches a version of a key off, as an administrator would. */
  readonly switchOff?: (name: string, version: string) => Promise<void>
  /** Makes the place unreadable or out of reach, and resolves with what puts it right again. */
  readonly cutOff?: () => Promise<() => Promise<void>>
  /** Called once, after the test. */
  readonly dispose?: () => Promise<void>
}

/** Makes a store to be tested; called for every test. */
export type MakeStore = () => Promise<StoreUnderTest>

/** One rule and how it is checked. */
export interface Rule {
  /** The rule, as a sentence; it is the name of the test. */
  readonly rule: string
  /** Whether it applies to a store with those capabilities. Left out, it applies to all. */
  readonly appliesTo?: (capabilities: Capabilities) => boolean
  readonly check: (subject: StoreUnderTest, capabilities: Capabilities) => Promise<void>
}
