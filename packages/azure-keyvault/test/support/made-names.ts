import type { KeyVaultStore } from '../../src/index.ts'
import type { TestVault } from './vault.ts'

const makers = new Set<string | symbol>(['create', 'getOrCreate', 'importPkcs12'])

/** Knows what was made through its stores, so that in a vault that is not ours alone nothing else is deleted. */
export class MadeNames {
  readonly #names = { certificates: new Set<unknown>(), keys: new Set<unknown>() }

  /** The same store; whatever it is asked to make is remembered, even if that fails half-way. */
  watch(store: KeyVaultStore): KeyVaultStore {
    return new Proxy(store, {
      get: (target, property) => {
        const member: unknown = Reflect.get(target, property, target)
        if (typeof member !== 'function') return member
        return (...parameters: unknown[]): unknown => {
          if (makers.has(property)) this.#names[store.collection].add(parameters[0])
          return Reflect.apply(member, target, parameters)
        }
      },
    })
  }

  /** Deletes it. A vault keeps what is deleted, recoverable, until it purges it. */
  async deleteFrom({ certificates, keys }: Pick<TestVault, 'certificates' | 'keys'>): Promise<void> {
    for await (const { name = '' } of certificates.listPropertiesOfCertificates({ includePending: true })) {
      if (this.#names.certificates.has(name)) await certificates.beginDeleteCertificate(name)
    }
    for await (const { name, managed } of keys.listPropertiesOfKeys()) {
      if (this.#names.keys.has(name) && managed !== true) await keys.beginDeleteKey(name)
    }
  }
}
