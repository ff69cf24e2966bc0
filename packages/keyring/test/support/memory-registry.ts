import type { DelegateRegistry } from '../../src/index.ts'

/** A registry that several rings in one process share. */
export class MemoryRegistry implements DelegateRegistry {
  readonly location = 'the registry'
  readonly certificates: Uint8Array[] = []

  async list(): Promise<readonly Uint8Array[]> {
    return [...this.certificates]
  }

  async publish(certificate: Uint8Array, _options?: { readonly signal: AbortSignal }): Promise<void> {
    this.certificates.push(certificate)
  }
}
