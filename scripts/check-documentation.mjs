// Checks the documentation of the public API: every exported name and every member of it has a text, every exported
// function has an example, and every example compiles. Asks TypeScript 6 about the sources; the examples are compiled by
// the compiler that builds the project.
//
//   node scripts/check-documentation.mjs [package …]     such as core jws; without any, all public packages
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, relative } from 'node:path'
import { entryPoints, installedTools, root } from './documentation/entry-points.mjs'
import { publicPackages } from './public-packages.mjs'

const { default: ts } = await import(createRequire(installedTools()).resolve('typescript'))

const wanted = process.argv.slice(2)
const packages = publicPackages(root).filter(({ name }) => wanted.length === 0 || wanted.includes(name))
const entries = entryPoints(packages)

const program = ts.createProgram(
  entries.map(({ file }) => file),
  {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    strict: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
    customConditions: ['@sealwright/source'],
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
  },
)
const checker = program.getTypeChecker()
const problems = []
const examples = []

for (const { name, specifier, file: entry } of entries) {
  const source = program.getSourceFile(entry)
  for (const exported of checker.getExportsOfModule(checker.getSymbolAtLocation(source))) {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
    const declaration = symbol.declarations?.[0]
    // What another package exports is checked there. What is internal is for the packages of the project.
    const file = declaration?.getSourceFile().fileName ?? ''
    if (!file.includes(`/packages/${name}/src/`) || file.includes('/src/internal/')) continue
    checkSymbol(name, `${specifier}: ${exported.name}`, symbol, declaration)
  }
}
compileExamples()

for (const { text } of problems) console.error(text)
console.log(`${entries.length} entry points, ${examples.length} examples: ${problems.length} problems`)
process.exitCode = problems.length === 0 ? 0 : 1

function checkSymbol(name, path, symbol, declaration) {
  const complain = (text) => problems.push({ name, text: `${text} (${where(declaration)})` })
  if (!isDocumented(symbol)) complain(`${path} has no documentation`)
  const tags = symbol.getJsDocTags(checker).filter((tag) => tag.name === 'example')
  if (symbol.flags & ts.SymbolFlags.Function && tags.length === 0) complain(`${path} has no @example`)
  for (const tag of tags) {
    const text = ts.displayPartsToString(tag.text)
    const code = /```ts\n(.*?)```/s.exec(text)?.[1]
    if (code === undefined) complain(`${path} has an @example that is not a block of ts`)
    else examples.push({ name, path, code })
  }
  for (const member of membersOf(symbol, declaration)) {
    if (!isDocumented(member)) {
      problems.push({
        name,
        text: `${path}.${member.name} has no documentation (${where(member.declarations[0])})`,
      })
    }
  }
}

/** The members that a package declares itself: of interfaces, classes and types of objects. */
function membersOf(symbol, declaration) {
  if (!(symbol.flags & (ts.SymbolFlags.Interface | ts.SymbolFlags.Class | ts.SymbolFlags.TypeAlias)))
    return []
  const type = checker.getDeclaredTypeOfSymbol(symbol)
  if (type.isUnion()) return []
  const isOwn = (member) => member.declarations?.some((each) => isInside(each, declaration)) === true
  const statics = symbol.flags & ts.SymbolFlags.Class ? [...(symbol.exports?.values() ?? [])] : []
  return [...type.getProperties(), ...statics].filter(
    (member) => isOwn(member) && member.name !== 'prototype' && !isPrivate(member),
  )
}

function isInside(node, outer) {
  for (let each = node; each !== undefined; each = each.parent) if (each === outer) return true
  return false
}

function isPrivate(member) {
  const [declaration] = member.declarations ?? []
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected
  return ts.isPrivateIdentifier(declaration.name) || (ts.getCombinedModifierFlags(declaration) & hidden) !== 0
}

/** Whether there is a text, here or on the member of an interface that a class implements. */
function isDocumented(symbol) {
  return ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim() !== ''
}

function where(node) {
  const file = node.getSourceFile()
  const { line } = file.getLineAndCharacterOfPosition(node.getStart())
  return `${relative(root, file.fileName)}:${line + 1}`
}

/** Each example is a module of its own, inside the workspace so that the packages are found. */
function compileExamples() {
  const folder = mkdtempSync(join(root, 'examples', '.documented-'))
  try {
    for (const [index, { code }] of examples.entries()) {
      writeFileSync(join(folder, `example-${index}.ts`), `${code}\nexport {}\n`)
    }
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        extends: '../../tsconfig.base.json',
        compilerOptions: {
          noUnusedLocals: false,
          noUnusedParameters: false,
          isolatedDeclarations: false,
          declaration: false,
        },
        include: ['*.ts'],
      }),
    )
    const tsc = join(root, 'node_modules', '.bin', 'tsc')
    const { stdout } = spawnSync(tsc, ['-p', folder, '--pretty', 'false'], { cwd: folder, encoding: 'utf8' })
    for (const line of stdout.split('\n')) {
      const [, index, text] = /example-(\d+)\.ts\(\d+,\d+\): (.*)$/.exec(line) ?? []
      if (text === undefined) continue
      const { name, path } = examples[Number(index)]
      problems.push({ name, text: `${path}: the example does not compile: ${text}` })
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
