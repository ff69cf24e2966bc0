import { Pkcs12Engine } from '@sealwright/x509/pkijs'
import type * as pkijs from 'pkijs'

/** The bags of a PFX file, as pkijs has them. */
export async function openPfx(file: Uint8Array, text: string): Promise<pkijs.SafeBag[]> {
  const password = Uint8Array.from(new TextEncoder().encode(text)).buffer
  const engine = new Pkcs12Engine()
  const pfx = engine.parse(file)
  await pfx.parseInternalValues({ password, checkIntegrity: true }, engine)
  const safe = pfx.parsedValue?.authenticatedSafe
  if (safe === undefined) throw new Error('the file has no safe')
  await safe.parseInternalValues({ safeContents: safe.safeContents.map(() => ({ password })) }, engine)
  const bags = []
  for (const { value } of safe.parsedValue.safeContents) {
    for (const bag of value.safeBags) {
      // Of a PKCS8ShroudedKeyBag: decrypts the key.
      await bag.bagValue.parseInternalValues?.({ password }, engine)
      bags.push(bag)
    }
  }
  return bags
}
