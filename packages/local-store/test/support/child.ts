import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { scratchFolderForFile } from '@sealwright/test-kit/folders'
import { build } from 'vite'
import { beforeAll } from 'vitest'

/**
 * Makes one plain JavaScript file of a test program and everything it imports, so that `node FILE` runs it as a process of
 * its own on every version of Node, from the sources and with no build of the packages.
 *
 * @param program the file's URL
 * @returns the path of the bundle, once the tests of the file run
 */
export function bundledProgram(program: URL): () => string {
  const folder = scratchFolderForFile()
  beforeAll(async () => {
    await build({
      configFile: false,
      logLevel: 'error',
      // As in vitest.config.ts.
      ssr: { noExternal: true, resolve: { conditions: ['@sealwright/source', 'node', 'import', 'default'] } },
      build: {
        ssr: fileURLToPath(program),
        outDir: folder(),
        minify: false,
        rollupOptions: { output: { entryFileNames: 'program.mjs' } },
      },
    })
  }, 60_000)
  return () => join(folder(), 'program.mjs')
}
