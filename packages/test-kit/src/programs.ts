import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { afterAll, beforeAll } from 'vitest'

/**
 * Bundles a test program and the packages of this project that it imports into one plain JavaScript file, so that
 * `node FILE` runs it in its own process, from the sources and with no build. The file is where it finds all other
 * modules.
 *
 * @param program the file's URL
 * @param external modules that are loaded from node_modules and not bundled, which is faster
 * @returns the path of the bundle, once the tests of the file run
 */
export function bundledProgram(program: URL, external: readonly string[] = []): () => string {
  let folder = ''
  beforeAll(async () => {
    const cache = fileURLToPath(new URL('../../../node_modules/.cache', import.meta.url))
    await mkdir(cache, { recursive: true })
    folder = await mkdtemp(join(cache, 'test-program-'))
    await build({
      configFile: false,
      logLevel: 'error',
      // As in vitest.config.ts.
      ssr: {
        noExternal: true,
        external: [
          '@azure/identity',
          '@azure/keyvault-keys',
          '@azure/keyvault-certificates',
          '@azure/core-rest-pipeline',
          ...external,
        ],
        resolve: { conditions: ['@sealwright/source', 'node', 'import', 'default'] },
      },
      build: {
        ssr: fileURLToPath(program),
        outDir: folder,
        minify: false,
        rollupOptions: { output: { entryFileNames: 'program.mjs' } },
      },
    })
  }, 60_000)
  afterAll(() => rm(folder, { recursive: true, force: true }))
  return () => join(folder, 'program.mjs')
}
