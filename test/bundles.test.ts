import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'vite'
import { expect, onTestFinished, test } from 'vitest'

const x509 = new URL('../packages/x509/src/index.ts', import.meta.url).pathname

interface Bundle {
  readonly code: string
  /** The files it was made of, those that nothing was left of not counted. */
  readonly files: readonly string[]
}

/** A module as an application bundles it for Node: one file, minified, with everything that it may load later. */
async function bundle(source: string): Promise<Bundle> {
  const entry = '\0entry'
  const conditions = ['@sealwright/source', 'node', 'import']
  const result = await build({
    configFile: false,
    logLevel: 'silent',
    resolve: { conditions },
    ssr: { noExternal: true, resolve: { conditions } },
    build: {
      ssr: true,
      write: false,
      minify: true,
      target: 'node20',
      rolldownOptions: { input: entry, external: [/^node:/], output: { codeSplitting: false } },
    },
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === entry ? id : null),
        load: (id) => (id === entry ? source : null),
      },
    ],
  })
  if (!('output' in result)) throw new Error('several bundles were built')
  const [chunk, ...rest] = result.output
  expect(rest).toEqual([])
  const files = Object.entries(chunk.modules).flatMap(([id, { renderedLength }]) =>
    renderedLength > 0 ? [id] : [],
  )
  return { code: chunk.code, files }
}

/** Runs a bundle where nothing is installed, and returns what it printed. */
function runAlone({ code }: Bundle): string {
  const folder = mkdtempSync(join(tmpdir(), 'sealwright-bundle-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'bundle.mjs')
  writeFileSync(file, code)
  return execFileSync(process.execPath, [file], { encoding: 'utf8' })
}

test('generatePrivateKey alone is a small bundle, without pkijs, asn1js and @peculiar/webcrypto', async () => {
  const { code, files } = await bundle(`export { generatePrivateKey } from '${x509}'`)
  expect(code.length).toBeLessThan(60_000)
  expect(files.filter((file) => file.includes('node_modules'))).toEqual([])
  expect(files.some((file) => file.endsWith('/generate-private-key.ts'))).toBe(true)
})

test('x509 does not load @peculiar/webcrypto before something needs it', async () => {
  const made = await bundle(`
    import * as x509 from '${x509}'
    const key = await x509.generatePrivateKey('ec-p256')
    const code = await x509.generatePrivateKey('ec-secp256k1').catch((error) => error.code)
    console.log(Object.keys(x509).length > 10, key.asymmetricKeyType, code)`)
  expect(made.files.filter((file) => file.includes('@peculiar/webcrypto'))).toEqual([])
  expect(runAlone(made)).toBe('true ec UNSUPPORTED_OPERATION\n')
})
