// Tries a release from a fresh clone: versions and changelogs by changesets, every public package published to a registry
// on this machine, installed from there in a folder outside the workspace, and used by an ES module, by require() and by
// TypeScript. On the way it runs the commands as a person who has just cloned the repository does.
import { spawn, spawnSync } from 'node:child_process'
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { followReadme } from './newcomer.mjs'
import { consumerManifest, optionalPeers, publicPackages } from './public-packages.mjs'

const root = resolve(import.meta.dirname, '..')
const registryFolder = join(root, 'scripts', 'registry')
const work = mkdtempSync(join(tmpdir(), 'sealwright-release-'))
const clone = join(work, 'clone')
const consumer = join(work, 'consumer')
/** null until the registry runs. */
let registry = null

try {
  copyRepository()
  checkCommandsOfClone()
  versionPackages()
  registry = await startRegistry()
  publishPackages()
  followReadme(join(root, 'README.md'), join(work, 'newcomer'), `${registry.npmrc}fund=false\naudit=false\n`)
  installPackages()
  useFromModules()
  useFromTypeScript()
  console.log('the release works')
} finally {
  registry?.process.kill()
  rmSync(work, { recursive: true, force: true })
}

/** What would be committed now, as a repository of its own: changesets asks git. */
function copyRepository() {
  for (const file of run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], root).split(
    '\0',
  )) {
    if (file === '' || !existsSync(join(root, file))) continue
    mkdirSync(dirname(join(clone, file)), { recursive: true })
    cpSync(join(root, file), join(clone, file))
  }
  run('git', ['init', '--quiet', '--initial-branch=main'], clone)
  run('git', ['add', '--all'], clone)
  const author = ['-c', 'user.name=release', '-c', 'user.email=release@localhost']
  run('git', [...author, 'commit', '--quiet', '--message', 'A clone'], clone)
}

function checkCommandsOfClone() {
  run('npm', ['ci', '--prefer-offline'], clone)
  run('npm', ['run', '--silent', 'build'], clone)
  for (const command of ['sealwright', 'keyvault-emulator']) {
    const version = run('npx', ['--no-install', command, '--version'], clone).trim()
    if (!/^\d+\.\d+\.\d+/.test(version)) throw new Error(`npx ${command} --version printed ${version}`)
    console.log(`npx ${command} works in a clone`)
  }
}

function versionPackages() {
  run('npm', ['run', 'version-packages'], clone)
  for (const { folder, manifest } of publicPackages(clone)) {
    if (!existsSync(join(folder, 'CHANGELOG.md'))) throw new Error(`${manifest.name} has no CHANGELOG.md`)
  }
}

async function startRegistry() {
  if (!existsSync(join(registryFolder, 'node_modules')))
    run('npm', ['ci', '--prefer-offline'], registryFolder)
  const port = await freePort()
  const config = join(work, 'verdaccio.yaml')
  writeFileSync(
    config,
    `storage: ${join(work, 'storage')}
uplinks: { npmjs: { url: '${run('npm', ['config', 'get', 'registry'], root).trim()}' } }
packages:
  '@sealwright/*': { access: $all, publish: $anonymous }
  '**': { access: $all, proxy: npmjs }
log: { type: stdout, level: error }
`,
  )
  const main = join(registryFolder, 'node_modules', 'verdaccio', 'bin', 'verdaccio')
  const child = spawn(process.execPath, [main, '--config', config, '--listen', `localhost:${port}`], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const url = `http://localhost:${port}/`
  for (let attempt = 0; attempt < 300; attempt++) {
    if (child.exitCode !== null) throw new Error(`verdaccio ended with ${child.exitCode}`)
    // eslint-disable-next-line no-await-in-loop -- until it answers
    if (await isUp(url))
      return { process: child, url, npmrc: `registry=${url}\n//localhost:${port}/:_authToken=x\n` }
    // eslint-disable-next-line no-await-in-loop
    await sleep(100)
  }
  throw new Error('verdaccio does not answer')
}

async function isUp(url) {
  try {
    return (await fetch(`${url}-/ping`)).ok
  } catch {
    return false
  }
}

function publishPackages() {
  // npm reads the settings at the root of the workspace only.
  appendFileSync(join(clone, '.npmrc'), registry.npmrc)
  for (const { folder, manifest } of publicPackages(clone)) {
    run('npm', ['publish', '--provenance=false'], folder)
    console.log(`${manifest.name}@${manifest.version} is published`)
  }
}

function installPackages() {
  mkdirSync(consumer)
  writeFileSync(join(consumer, 'package.json'), JSON.stringify(consumerManifest(root)))
  writeFileSync(join(consumer, '.npmrc'), `${registry.npmrc}fund=false\naudit=false\n`)
  const packages = publicPackages(clone)
  const names = packages.map(({ manifest }) => manifest.name)
  // What the packages leave to their users, and the example needs.
  const others = [...optionalPeers(packages), 'jose@6', '@types/node@20', 'vitest@4.1.12']
  run('npm', ['install', ...names, ...others], consumer)
  for (const { manifest } of publicPackages(clone)) {
    const files = readdirSync(join(consumer, 'node_modules', manifest.name))
    for (const file of ['LICENSE', 'CHANGELOG.md', 'README.md']) {
      if (!files.includes(file)) throw new Error(`the tarball of ${manifest.name} has no ${file}`)
    }
  }
}

/** Every entry point, by import and by require. */
function useFromModules() {
  const entries = publicPackages(clone).flatMap(({ manifest }) =>
    Object.keys(manifest.exports)
      .filter((entry) => !entry.endsWith('.json'))
      .map((entry) => JSON.stringify(manifest.name + entry.slice(1))),
  )
  const check = 'if (Object.keys(m).length === 0) throw new Error("no exports")'
  writeFileSync(
    join(consumer, 'consumer.mjs'),
    entries.map((entry) => `{ const m = await import(${entry}); ${check} }`).join('\n'),
  )
  writeFileSync(
    join(consumer, 'consumer.cjs'),
    entries.map((entry) => `{ const m = require(${entry}); ${check} }`).join('\n'),
  )
  for (const file of ['consumer.mjs', 'consumer.cjs']) {
    run(process.execPath, [file], consumer)
    console.log(`${file}: ${entries.length} entry points on Node ${process.versions.node}`)
  }
  const help = run('npx', ['--no-install', 'sealwright', '--help'], consumer)
  if (!help.includes('inspect')) throw new Error('sealwright --help says nothing of inspect')
}

/** The example of the README, compiled with the published types and run. */
function useFromTypeScript() {
  cpSync(join(root, 'examples', 'sign-a-token.ts'), join(consumer, 'sign-a-token.ts'))
  const options = [
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2023',
    '--types',
    'node',
    '--skipLibCheck',
    'false',
  ]
  run(join(clone, 'node_modules', '.bin', 'tsc'), [...options, 'sign-a-token.ts'], consumer)
  const output = run(process.execPath, ['sign-a-token.js'], consumer)
  if (!/a token for alice/.test(output)) throw new Error(`the example printed ${output}`)
  console.log(`sign-a-token.ts: ${output.trim()}`)
}

function run(command, args, cwd) {
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: '1', npm_config_update_notifier: 'false' }
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: 'utf8' })
  if (status === 0) return stdout
  process.stderr.write(`${stdout ?? ''}${stderr ?? ''}`)
  throw new Error(`${command} ${args.join(' ')} failed`)
}

async function freePort() {
  const server = createServer()
  await new Promise((done) => server.listen(0, 'localhost', done))
  const { port } = server.address()
  await new Promise((done) => server.close(done))
  return port
}
