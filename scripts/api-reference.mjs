// Writes docs/api, the reference of the public API, from the sources and their TSDoc: one page for each entry point.
//
//   node scripts/api-reference.mjs            writes it
//   node scripts/api-reference.mjs --check    fails when the pages are not those of the sources
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, relative } from 'node:path'
import { entryPoints, installedTools, root } from './documentation/entry-points.mjs'
import { mendAnchors } from './documentation/links.mjs'

const require = createRequire(installedTools())
const { Application, LogLevel } = await import(require.resolve('typedoc'))
const isCheck = process.argv.includes('--check')
const pages = join(root, 'docs', 'api')

// Below the root, so that the compiler finds the packages.
const scratch = mkdtempSync(join(root, 'node_modules', '.api-reference-'))
try {
  const written = isCheck ? join(scratch, 'api') : pages
  await write(written)
  if (isCheck) compare(written)
} finally {
  rmSync(scratch, { recursive: true })
}

async function write(out) {
  const entries = entryPoints()
  const tsconfig = join(scratch, 'tsconfig.json')
  writeFileSync(
    tsconfig,
    JSON.stringify({
      extends: join(root, 'tsconfig.base.json'),
      compilerOptions: {
        noEmit: true,
        customConditions: ['@sealwright/source'],
        types: ['node'],
        typeRoots: [join(root, 'node_modules', '@types')],
        skipLibCheck: true,
      },
      files: entries.map(({ file }) => file),
    }),
  )
  const application = await Application.bootstrapWithPlugins({
    outputs: [{ name: 'markdown', path: out }],
    plugin: [require.resolve('typedoc-plugin-markdown')],
    tsconfig,
    entryPoints: entries.map(({ file }) => file),
    // `npm run typecheck` does that, with the compiler that builds the project.
    skipErrorChecking: true,
    name: 'API reference',
    readme: 'none',
    basePath: root,
    // Lines and commits would change the pages whenever a line moves.
    disableSources: true,
    excludeExternals: true,
    excludePrivate: true,
    excludeInternal: true,
    hideGenerator: true,
    logLevel: LogLevel.Warn,
    treatWarningsAsErrors: true,
    validation: { notExported: false, invalidLink: true, notDocumented: false },
    router: 'module',
    entryFileName: 'README',
    hidePageHeader: true,
    hideBreadcrumbs: true,
    parametersFormat: 'table',
    interfacePropertiesFormat: 'table',
    typeDeclarationFormat: 'table',
    propertyMembersFormat: 'table',
    useCodeBlocks: true,
    formatWithPrettier: false,
  })
  const project = await application.convert()
  if (project === undefined) throw new Error('the sources do not compile')
  for (const module of project.children ?? []) {
    const { specifier } = entries.find(({ file }) => moduleName(file) === module.name)
    module.name = specifier
  }
  await application.generateOutputs(project)
  for (const name of filesBelow(out).keys()) writeFileSync(join(out, name), mendAnchors(join(out, name)))
  if (application.logger.hasErrors() || application.logger.hasWarnings()) process.exitCode = 1
}

/** As typedoc names the module of a file: `packages/jws/src`. */
function moduleName(file) {
  return relative(root, file).replace(/(\/index)?\.ts$/, '')
}

function compare(written) {
  const [expected, found] = [written, pages].map(filesBelow)
  const names = [...new Set([...expected.keys(), ...found.keys()])].toSorted()
  const different = names.filter((name) => !isSame(expected.get(name), found.get(name)))
  for (const name of different) console.error(`docs/api/${name} is not what the sources say`)
  if (different.length > 0) {
    console.error('run "npm run api-reference" and commit what it writes')
    process.exitCode = 1
  } else {
    console.log(`docs/api: ${names.length} pages are up to date`)
  }
}

/**
 * Whether two pages are the same but for the order within a line. The compiler orders the members of a union as it meets them, so a change in
 * one package turns them round on the page of another.
 */
function isSame(page, other) {
  if (page === undefined || other === undefined) return false
  const [unordered, otherUnordered] = [page, other].map((text) =>
    text
      .split('\n')
      .map((line) =>
        line
          .split(/[\s|\\]+/)
          .toSorted()
          .join(' '),
      )
      .join('\n'),
  )
  return unordered === otherUnordered
}

function filesBelow(folder) {
  let entries = []
  try {
    entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
  }
  return new Map(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [relative(folder, path), readFileSync(path, 'utf8')]),
  )
}
