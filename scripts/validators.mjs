// Writes the tables of docs/validators.md: which validators accept our tokens, by algorithm. Each is given a token of ours, a token
// whose claims were changed, and one that another key signed. If one accepts a forged token, the script fails.
//
//   node scripts/validators.mjs            writes the tables
//   node scripts/validators.mjs --check    fails if the page is not what the validators say
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const page = join(root, 'docs', 'validators.md')

install()
const { algorithms, nameSwaps, startIssuers } = await import('./validators/cases.mjs')
const results = await askAll()
checkForgeries()
finish({ validators: validatorTable(), names: nameTable(), refusals: refusalTable() })

/** The libraries that only this needs, and our own packages, built. */
function install() {
  const folder = join(root, 'scripts', 'validators')
  if (!existsSync(join(folder, 'node_modules'))) run('npm', ['ci', '--prefer-offline'], folder)
  const filters = ['jws', 'keyring', 'local-store'].map((name) => `--filter=@sealwright/${name}`)
  run(
    join(root, 'node_modules', '.bin', 'turbo'),
    ['run', 'build', ...filters, '--output-logs=errors-only'],
    root,
  )
}

function run(command, args, cwd) {
  const { status } = spawnSync(command, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed`)
}

async function askAll() {
  const { validateInBrowser } = await import('./validators/browser.mjs')
  const { validateInNode } = await import('./validators/node-libraries.mjs')
  const { debianVersion, programs } = await import('./validators/programs.mjs')
  const folder = mkdtempSync(join(tmpdir(), 'sealwright-validators-'))
  const issuers = await startIssuers(join(folder, 'keys'))
  const { cases } = issuers
  try {
    const all = [await validateInNode(cases), await validateInBrowser(cases, folder)]
    for (const program of programs) {
      // Says what to install.
      program.packages.forEach(debianVersion)
      // eslint-disable-next-line no-await-in-loop -- one after the other, on a machine of two cores
      all.push(await program.run({ cases, folder }))
    }
    return all.flat()
  } finally {
    issuers.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Without this, "yes" would say nothing. */
function checkForgeries() {
  const accepted = results.flatMap(({ name, outcomes }) =>
    Object.entries(outcomes).flatMap(([id, [, ...forged]]) =>
      forged.includes(null) ? [`${name}: ${id}`] : [],
    ),
  )
  if (accepted.length > 0) throw new Error(`a forged token is accepted by ${accepted.join('; ')}`)
}

function yes({ outcomes }, id) {
  return outcomes[id][0] === null
}

function validatorTable() {
  const counts = algorithms.map((alg) => results.filter((result) => yes(result, alg)).length)
  return table(
    ['', 'validator', 'version', ...algorithms],
    [
      ...results.map((result) => [
        result.kind,
        result.name,
        result.version,
        ...algorithms.map((alg) => (yes(result, alg) ? 'yes' : 'no')),
      ]),
      ['', `${results.length} validators`, '', ...counts],
    ],
  )
}

/** Those that know both names, told one of them. */
function nameTable() {
  const both = results.filter(({ outcomes }) => nameSwaps.every(({ token }) => outcomes[token][0] === null))
  return table(
    ['validator', ...nameSwaps.map(({ token, list }) => `token ${token}, told ${list}`)],
    both.map(({ name, outcomes }) => [
      name,
      ...nameSwaps.map(({ id }) => (outcomes[id][0] === null ? 'yes' : 'no')),
    ]),
  )
}

function refusalTable() {
  const rows = results.flatMap(({ name, outcomes }) => {
    const refused = algorithms.filter((alg) => outcomes[alg][0] !== null)
    const messages = [...new Set(refused.map((alg) => outcomes[alg][0]))]
    return messages.map((message) => [
      name,
      refused.filter((alg) => outcomes[alg][0] === message).join(', '),
      `\`${shown(message)
        .replaceAll('|', String.raw`\|`)
        .replaceAll('`', "'")}\``,
    ])
  })
  return table(['validator', 'refuses', 'and says'], rows)
}

/** Without what is of this machine and this run. */
function shown(message) {
  const general = message
    .replaceAll(/[\w-]{30,}/g, '…')
    .replaceAll(/\/tmp\/[\w./-]+/g, '…')
    .replaceAll(/127\.0\.0\.1:\d+/g, 'host')
  return general.length > 120 ? `${general.slice(0, 120)}…` : general
}

/** As prettier formats it. */
function table(head, rows) {
  const cells = [head, ...rows].map((row) => row.map(String))
  const widths = head.map((_, column) => Math.max(3, ...cells.map((row) => row[column].length)))
  const line = (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`
  const [first, ...others] = cells.map(line)
  return [first, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...others].join('\n')
}

/**
 * Replaces the tables between the markers of the page, or compares them without what may differ from machine to machine: versions,
 * and the words of a refusal.
 */
function finish(tables) {
  const before = readFileSync(page, 'utf8')
  let after = before
  const different = []
  for (const [name, text] of Object.entries(tables)) {
    const marked = new RegExp(`(<!-- ${name} -->\n\n)(.*?)(\n*<!-- end of ${name} -->)`, 's')
    const [, , old] = marked.exec(after) ?? []
    if (old === undefined) throw new Error(`${page} has no table ${name}`)
    if (lasting(old) !== lasting(text)) different.push(name)
    after = after.replace(marked, (_, begin, __, end) => `${begin}${text}\n\n${end.trim()}`)
  }
  if (!process.argv.includes('--check')) writeFileSync(page, after)
  else if (different.length > 0) {
    console.error(`docs/validators.md is not what the validators say: ${different.join(', ')}`)
    console.error('run "node scripts/validators.mjs" and commit what it writes')
    process.exitCode = 1
  }
  console.log(`${results.length} validators, ${algorithms.length} algorithms`)
}

function lasting(text) {
  const rows = text.split('\n').map((line) => line.split('|').map((cell) => cell.trim()))
  return rows
    .map((row) => row.filter((cell) => !/^(?:[\d.]+|-+|`.*`)$/.test(cell) || row[1] === '').join('|'))
    .join('\n')
}
