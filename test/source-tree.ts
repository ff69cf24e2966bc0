import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

/** Every TypeScript file below a folder, with its whole path. */
export function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/(?:^|\/)(?:node_modules|dist)\//.test(name))
    .map((name) => join(folder, name))
    .toSorted()
}

/** What a source imports or exports from, types included, comments not: `./a.ts`, `@sealwright/core`, `node:fs`. */
export function importedModules(source: string): string[] {
  const code = source.replace(/^\s*(?:\/\/|\*|\/\*).*$/gm, '')
  return [...code.matchAll(/(?:\bfrom\s+|\bimport\s+|\bimport\(\s*)'([^'\n]+)'/g)].map(
    (match) => match[1] ?? '',
  )
}

/** The files that a file imports from its own package. */
function importedFiles(file: string): string[] {
  return importedModules(readFileSync(file, 'utf8'))
    .filter((name) => name.startsWith('.'))
    .map((name) => join(dirname(file), name))
}

/**
 * The circles among files, in which each can only be understood with all the others: every set of files that lead to each
 * other (Tarjan's strongly connected components), as paths relative to `folder`.
 */
export function circlesOfFiles(folder: string, files: readonly string[]): string[][] {
  const imports = new Map(files.map((file) => [file, importedFiles(file)]))
  return stronglyConnected(imports).map((circle) => circle.map((file) => relative(folder, file)).toSorted())
}

/**
 * The pairs of folders that import each other. A folder and one inside it are one concept and not compared.
 *
 * @returns such as `keys <-> vault`, relative to `folder`
 */
export function mutualFolders(folder: string, files: readonly string[]): string[] {
  const edges = new Set<string>()
  for (const file of files) {
    const from = relative(folder, dirname(file))
    for (const imported of importedFiles(file)) {
      const to = relative(folder, dirname(imported))
      if (!isWithin(from, to) && !isWithin(to, from)) edges.add(`${from} ${to}`)
    }
  }
  return [...edges]
    .map((edge) => edge.split(' ') as [string, string])
    .filter(([from, to]) => from < to && edges.has(`${to} ${from}`))
    .map((pair) => pair.join(' <-> '))
    .toSorted()
}

function isWithin(inner: string, outer: string): boolean {
  return outer === '' || inner === outer || inner.startsWith(`${outer}/`)
}

function stronglyConnected(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>()
  const lowest = new Map<string, number>()
  const stack: string[] = []
  const circles: string[][] = []

  function visit(node: string): void {
    const index = order.size
    order.set(node, index)
    lowest.set(node, index)
    stack.push(node)
    for (const next of edges.get(node) ?? []) {
      if (!order.has(next)) visit(next)
      if (stack.includes(next))
        lowest.set(node, Math.min(lowest.get(node) ?? index, lowest.get(next) ?? index))
    }
    if (lowest.get(node) !== index) return
    const circle = stack.splice(stack.indexOf(node))
    if (circle.length > 1 || edges.get(node)?.includes(node) === true) circles.push(circle)
  }

  for (const node of edges.keys()) if (!order.has(node)) visit(node)
  return circles
}
