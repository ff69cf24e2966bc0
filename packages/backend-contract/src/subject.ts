import type { KeyStore, KeyTypeName } from '@sealwright/core'

/** What a store can do beyond what every store must do. The suite tests all that is stated here. */
export interface Capabilities {
  /** The key types it can make, at least one. Most tests use the first, so name a fast one. */
  readonly keyTypes: readonly KeyTypeName[]
  /**
   * Whether its keys come with a certificate, and how its validity is counted: `days` is exact, `months` is rounded up
   * to whole months. null for a store of bare keys.
   */
  readonly certificates: 'days' | 'months' | null
  /**
   * What it keeps of an imported certificate chain: all of it, or only the key's own certificate; null for a store that
   * cannot import PKCS#12 files.
   */
  readonly importPkcs12: 'chain' | 'certificate' | 'key' | null
  /**
   * Whether importing a key that the store has, with another certificate, replaces its certificate. Such an import must not
   * change the key's `createdAt`: the key is not new.
   */
  readonly renew: boolean
  /** Whether it exports keys as PKCS#12 files. */
  readonly exportPkcs12: boolean
  /** Whether it deletes keys. */
  readonly delete: boolean
  /** Whether it gives keys new versions. */
  readonly rotate: boolean
  /** Whether it disables versions of a key. */
  readonly disable: boolean
  /**
   * Whether an administrator can disable a key where it is kept, and the key then stops signing at once;
   * {@link StoreUnderTest.switchOff} does it.
   */
  readonly switchOff: boolean
  /** Whether the place can be made unreadable for a test; {@link StoreUnderTest.cutOff} does it. */
  readonly cutOff: boolean
}

/** A store to test, and what its administrator can do to it. */
export interface StoreUnderTest {
  /**
   * The store. It need not be empty: every test uses names of its own, which are letters, digits and hyphens.
   */
  readonly store: KeyStore
  /** The same place opened anew, as another process would, with nothing remembered. */
  readonly reopen: () => Promise<KeyStore>
  /** Disables a version of a key, as an administrator would. */
  readonly switchOff?: (name: string, version: string) => Promise<void>
  /** Makes the place unreadable or unreachable, and resolves with a function that undoes it. */
  readonly cutOff?: () => Promise<() => Promise<void>>
  /** Called once, after the test. */
  readonly dispose?: () => Promise<void>
}

/** Creates a store to test; called for every test. */
export type MakeStore = () => Promise<StoreUnderTest>

/** One rule and how it is checked. */
export interface Rule {
  /** The rule, as a sentence; it is the name of the test. */
  readonly rule: string
  /** Whether it applies to a store with those capabilities. Default: it applies to all. */
  readonly appliesTo?: (capabilities: Capabilities) => boolean
  readonly check: (subject: StoreUnderTest, capabilities: Capabilities) => Promise<void>
}
