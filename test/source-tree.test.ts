import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { circlesOfFiles, importedModules, mutualFolders, sourceFiles } from './source-tree.ts'

/** A folder with those files in it. */
function tree(files: Readonly<Record<string, string>>): { folder: string; files: string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'sealwright-tree-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return { folder, files: sourceFiles(folder) }
}

test('imports are found in every form, and not in comments', () => {
  const source = [
    "import { a } from './a.ts'",
    "import type { B } from './b.ts'",
    "import './c.ts'",
    "export { d } from './d.ts'",
    "export type { E } from './e.ts'",
    "const f = await import('./f.ts')",
    "let g: import('./g.ts').G",
    "import {\n  h,\n} from './h.ts'",
    "// import './i.ts'",
    "/**\n * import './j.ts'\n */",
  ].join('\n')
  expect(importedModules(source)).toEqual(
    ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((name) => `./${name}.ts`),
  )
})

test('a circle is found, also of types and over several files', () => {
  const { folder, files } = tree({
    'a.ts': "import { b } from './room/b.ts'",
    'room/b.ts': "import type { C } from '../c.ts'",
    'c.ts': "export { a } from './a.ts'",
    'd.ts': "import './a.ts'",
    'self.ts': "import './self.ts'",
  })
  expect(circlesOfFiles(folder, files)).toEqual([['a.ts', 'c.ts', 'room/b.ts'], ['self.ts']])
})

test('a tree without circles has none, however often a file is reached', () => {
  const { folder, files } = tree({
    'a.ts': "import './b.ts'\nimport './c.ts'",
    'b.ts': "import './d.ts'",
    'c.ts': "import './d.ts'",
    'd.ts': '',
  })
  expect(circlesOfFiles(folder, files)).toEqual([])
})

test('folders that import each other are found, but not a folder and one in it', () => {
  const { folder, files } = tree({
    'one/a.ts': "import '../other/b.ts'",
    'one/c.ts': "import './inner/e.ts'",
    'one/inner/e.ts': "import '../d.ts'",
    'one/d.ts': '',
    'other/b.ts': '',
    'other/f.ts': "import '../one/d.ts'\nimport '../third/g.ts'",
    'third/g.ts': '',
  })
  expect(mutualFolders(folder, files)).toEqual(['one <-> other'])
})
