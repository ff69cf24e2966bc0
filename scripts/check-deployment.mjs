// Checks the files of deploy/ with the programs that read them: kubectl and the schemas of Kubernetes, systemd, HAProxy, docker-compose, and
// for Bicep a parser. Then the token server is given the variables of each: it must know them all and accept their values.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const root = resolve(import.meta.dirname, '..')
const deploy = join(root, 'deploy')
const tools = join(root, 'scripts', 'deployment')
const work = mkdtempSync(join(tmpdir(), 'sealwright-deployment-'))

try {
  install()
  const { loadSettings } = await import(
    pathToFileURL(join(root, 'apps', 'token-server', 'dist', 'settings', 'load-settings.js')).href
  )
  const checkVariables = (file, given) => acceptVariables(file, given, loadSettings)
  const { parseAllDocuments, parse } = await fromTools('yaml/dist/index.js')
  const unit = checkSystemd()
  const compose = parse(checkCompose(), { merge: true })
  const manifests = parseAllDocuments(run('kubectl', ['kustomize', join(deploy, 'kubernetes')])).map((each) =>
    each.toJS(),
  )
  await checkManifests(manifests)
  checkHaproxy()
  const bicep = await checkBicep()
  checkVariables('Dockerfile', variablesOfImage())
  checkVariables('compose/compose.yaml', compose.services['token-server-1'].environment)
  checkVariables('kubernetes/deployment.yaml', variablesOfPod(manifests))
  checkVariables('systemd/token-server.service', unit)
  for (const [file, variables] of bicep) checkVariables(file, variables)
  console.log('the deployment files are valid')
} finally {
  rmSync(work, { recursive: true, force: true })
}

/** The libraries that only this needs, and the token server, built. */
function install() {
  if (!existsSync(join(tools, 'node_modules'))) {
    // The parser is used as WebAssembly: nothing is compiled.
    run('npm', ['ci', '--prefer-offline', '--ignore-scripts', '--legacy-peer-deps', '--no-audit'], tools)
  }
  const turbo = join(root, 'node_modules', '.bin', 'turbo')
  run(turbo, ['run', 'build', '--filter=@sealwright/token-server', '--output-logs=errors-only'])
}

/** Runs a program and returns its output. */
function run(command, args, cwd = root) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (error !== undefined) throw new Error(`${command} cannot be run: ${error.message}`)
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`)
  return stdout
}

function fromTools(path) {
  return import(pathToFileURL(join(tools, 'node_modules', path)).href)
}

/** Returns the variables that the unit sets. */
function checkSystemd() {
  const path = join(deploy, 'systemd', 'token-server.service')
  // The program of the unit is installed on the machine it is for.
  const text = readFileSync(path, 'utf8').replace('/usr/bin/node', process.execPath)
  const unit = join(work, 'token-server.service')
  writeFileSync(unit, text)
  run('systemd-analyze', ['verify', '--man=no', unit])
  // The exposure of a service, from 0 (sandboxed) to 10, times ten.
  run('systemd-analyze', ['security', '--offline=true', '--threshold=20', '--no-pager', unit])
  const readme = readFileSync(join(root, 'apps', 'token-server', 'README.md'), 'utf8')
  const [, logs] = /^LogsDirectory=(.+)$/m.exec(text) ?? []
  if (!readme.includes(`AUDIT_LOG=/var/log/${logs}/`))
    throw new Error('systemd: the audit log of the README is in a folder that the unit cannot write to')
  console.log('systemd: the unit is valid, and its exposure is at most 2.0')
  return Object.fromEntries(
    [...text.matchAll(/^Environment=(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
  )
}

function checkCompose() {
  const path = join(deploy, 'compose', 'compose.yaml')
  const [command, ...args] = hasComposePlugin() ? ['docker', 'compose'] : ['docker-compose']
  run(command, [...args, '--file', path, 'config', '--quiet'])
  console.log('docker-compose: compose.yaml is valid')
  return readFileSync(path, 'utf8')
}

function hasComposePlugin() {
  return spawnSync('docker', ['compose', 'version'], { stdio: 'ignore' }).status === 0
}

/** Each object against the schema of its kind. */
async function checkManifests(manifests) {
  const checks = manifests.map(async (manifest) => {
    const [group, version] = manifest.apiVersion.includes('/')
      ? manifest.apiVersion.split('/')
      : ['', manifest.apiVersion]
    const models = await fromTools(join('kubernetes-models', group, version, `${manifest.kind}.mjs`))
    new models[manifest.kind](manifest).validate()
  })
  await Promise.all(checks)
  console.log(`Kubernetes: ${manifests.length} objects have the form of their schemas`)
}

function variablesOfPod(manifests) {
  const { spec } = manifests.find(({ kind }) => kind === 'Deployment')
  const [container] = spec.template.spec.containers
  return Object.fromEntries(
    container.env.map(({ name, value }) => [name, value ?? 'redis://redis.example.com:6379']),
  )
}

/** The names of the servers are those of containers; here they are this machine's. */
function checkHaproxy() {
  const path = join(work, 'haproxy.cfg')
  const text = readFileSync(join(deploy, 'compose', 'haproxy.cfg'), 'utf8')
  writeFileSync(path, text.replaceAll(/token-server-\d:/g, '127.0.0.1:'))
  run('haproxy', ['-c', '-f', path])
  console.log('HAProxy: the configuration is valid')
}

/** Parses the templates, which no compiler checks here. Returns the variables of each. */
async function checkBicep() {
  const { Language, Parser } = await fromTools('web-tree-sitter/tree-sitter.js')
  await Parser.init()
  const parser = new Parser()
  const grammar = join(tools, 'node_modules', 'tree-sitter-bicep', 'tree-sitter-bicep.wasm')
  parser.setLanguage(await Language.load(grammar))
  const variables = new Map()
  for (const file of readdirSync(join(deploy, 'azure'))) {
    const text = readFileSync(join(deploy, 'azure', file), 'utf8')
    const { rootNode } = parser.parse(text)
    if (rootNode.hasError) throw new Error(`azure/${file} does not parse:\n${rootNode.toString()}`)
    const found = [...text.matchAll(/\{ name: '([A-Z_]+)', (?:secretRef: '[\w-]+'|value: (.+?)) \}/g)]
    if (found.length > 0) {
      variables.set(
        `azure/${file}`,
        Object.fromEntries(found.map(([, name, value]) => [name, literal(name, value)])),
      )
    }
  }
  // App Service unpacks the ZIP file into this folder.
  const documentation = readFileSync(join(root, 'docs', 'deployment.md'), 'utf8')
  const [, settings] = /zip -qj app\.zip (\S+)$/m.exec(documentation) ?? []
  if (variables.get('azure/app-service.bicep').TOKEN_SERVER_SETTINGS !== `/home/site/wwwroot/${settings}`)
    throw new Error('azure/app-service.bicep: the ZIP file of docs/deployment.md has another settings file')
  console.log('Bicep: the templates parse')
  return variables
}

/** The value of a variable of a template: of a parameter, an example. */
function literal(name, value) {
  const examples = {
    ISSUER: 'https://id.example.com',
    SIGNING_KEY: 'https://tokens-kv.vault.azure.net/certificates/token-signing',
    REDIS_URL: 'rediss://redis.example.com:6380',
    AZURE_CLIENT_ID: '00000000-0000-0000-0000-000000000000',
  }
  return examples[name] ?? value.slice(1, -1)
}

/** What the Dockerfile copies from the repository must be there. Returns the variables of the image. */
function variablesOfImage() {
  const text = readFileSync(join(deploy, 'Dockerfile'), 'utf8')
  for (const path of ['apps/token-server/dist/main.js', 'apps/token-server/token-server.json']) {
    if (!text.includes(path) || !existsSync(join(root, path))) {
      throw new Error(`the Dockerfile and the repository do not agree on ${path}`)
    }
  }
  const [, variables] = /^ENV (NODE_ENV=production HOST=.*)$/m.exec(text)
  return Object.fromEntries(variables.split(' ').map((each) => each.split('=')))
}

/** The server must accept the variables, and each must be documented, or be one of Node or the Azure SDK. */
function acceptVariables(file, given, loadSettings) {
  const pages = ['apps/token-server/README.md', 'docs/token-server/settings.md']
  const known = pages.map((page) => readFileSync(join(root, page), 'utf8')).join('\n')
  const foreign = /^(?:NODE_|AZURE_|SCM_)/
  for (const name of Object.keys(given)) {
    if (!foreign.test(name) && !new RegExp(`\`${name}\\b`).test(known)) {
      throw new Error(`${file}: the documentation of the token server has no ${name}`)
    }
  }
  // The settings file is another one in each place.
  const { TOKEN_SERVER_SETTINGS: _, ...rest } = given
  try {
    loadSettings({ ...rest, DATA_DIR: join(work, 'data') })
  } catch (error) {
    throw new Error(`${file}: ${error.message}`, { cause: error })
  }
  console.log(`${file}: the token server accepts the variables`)
}
