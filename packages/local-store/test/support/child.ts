import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll } from 'vitest'
import { build } from 'vite'

/**
 * Makes one plain JavaScript file of a test program and everything it imports, so that `node FILE` runs it as a process of
 * its own on every version of Node, from the sources and with no build of the packages.
 *
 * @param program the file's URL
 * @returns the path of the bundle, once the tests of the file run
 */
export function bundledProgram(program: URL): () => string {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sealwright-bundle-'))
    await build({
      configFile: false,
      logLevel: 'error',
      // As in vitest.config.ts.
      ssr: { noExternal: true, resolve: { conditions: ['@sealwright/source', 'node', 'import', 'default'] } },
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
