// Checks that every link in the documentation to a file or a heading of the repository leads to one.
import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { deadLinks } from './documentation/links.mjs'

const root = resolve(import.meta.dirname, '..')
const listed = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '*.md']
const { stdout } = spawnSync('git', listed, { cwd: root, encoding: 'utf8' })
const pages = stdout.split('\0').filter((name) => name !== '')
const dead = pages.flatMap((name) => deadLinks(join(root, name)).map((target) => `${name}: ${target}`))
for (const each of dead) console.error(each)
console.log(`${pages.length} pages: ${dead.length} dead links`)
process.exitCode = pages.length > 0 && dead.length === 0 ? 0 : 1
