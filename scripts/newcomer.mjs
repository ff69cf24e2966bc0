// What a person does who has the README and nothing else: the lines of a block, in an empty folder, with the packages of a registry.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Seconds, with the installation. */
const limit = 120

/**
 * Types the lines that follow `## From nothing to a verified token` in the README, and prints what a terminal shows.
 *
 * @param readme the path of the file
 * @param folder is made, and has everything that is written
 * @param npmrc the settings that name the registry
 */
export function followReadme(readme, folder, npmrc) {
  mkdirSync(folder)
  writeFileSync(join(folder, '.npmrc'), npmrc)
  const prefix = join(folder, 'installed')
  const env = {
    ...process.env,
    PATH: `${join(prefix, 'bin')}:${process.env['PATH'] ?? ''}`,
    NO_COLOR: '1',
    npm_config_prefix: prefix,
    npm_config_userconfig: join(folder, '.npmrc'),
    npm_config_update_notifier: 'false',
  }
  const begin = performance.now()
  let last = ''
  for (const line of linesOf(readFileSync(readme, 'utf8'))) {
    console.log(`$ ${line}`)
    const { status, stdout, stderr } = spawnSync('bash', ['-c', line], { cwd: folder, env, encoding: 'utf8' })
    process.stdout.write(stdout + stderr)
    if (status !== 0) throw new Error(`the line of the README ended with ${status}: ${line}`)
    last = stdout
  }
  const seconds = (performance.now() - begin) / 1_000
  if (!last.startsWith('valid token')) throw new Error('the last line of the README verifies no token')
  if (seconds > limit) throw new Error(`that took ${seconds.toFixed(0)} s, more than ${limit} s`)
  console.log(`from nothing to a verified token in ${seconds.toFixed(1)} s`)
}

function linesOf(readme) {
  const [, block] = /^## From nothing to a verified token$.*?^```sh\n(.*?)^```/ms.exec(readme) ?? []
  if (block === undefined) throw new Error('the README has no lines for a newcomer')
  return block
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line !== '')
}
