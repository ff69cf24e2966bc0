// The validators that Debian has: libraries of other languages, commands, and servers that stand before an API.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer as createTlsServer } from 'node:https'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const source = (name) => join(import.meta.dirname, 'programs', name)

/** The upstream version of a Debian package, such as 4.4.3. */
export function debianVersion(name) {
  const { status, stdout } = spawnSync('dpkg-query', ['-W', '-f', '${Version}', name], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`apt-get install ${name}`)
  return stdout.replace(/^\d+:/, '').replace(/[-+].*$/, '')
}

/** A program that reads the cases and writes what its libraries say. */
function readsCases(command, args, cases) {
  return JSON.parse(execFileSync(command, args, { input: JSON.stringify(cases), encoding: 'utf8' }))
}

/** What a command says of each token: null when it accepts it. */
function outcomesOf(cases, outcome) {
  return Object.fromEntries(
    cases.map((each) => [each.id, [each.token, ...each.forged].map((token) => outcome(each, token))]),
  )
}

const goPackages = [
  'golang-github-golang-jwt-jwt-dev',
  'golang-gopkg-square-go-jose.v2-dev',
  'golang-github-dvsekhvalnov-jose2go-dev',
]

/** Each group of validators, and the Debian packages that it needs. */
export const programs = [
  {
    packages: ['python3-jwt', 'python3-jose', 'python3-authlib', 'python3-jwcrypto'],
    run: ({ cases }) => readsCases('/usr/bin/python3', [source('validators.py')], cases),
  },
  {
    packages: ['ruby-jwt', 'ruby-json-jwt'],
    run: ({ cases }) => readsCases('ruby', [source('validators.rb')], cases),
  },
  {
    packages: ['libcrypt-jwt-perl'],
    run: ({ cases }) => readsCases('perl', [source('validators.pl')], cases),
  },
  {
    packages: goPackages,
    run({ cases, folder }) {
      const program = join(folder, 'validators-go')
      const env = { ...process.env, GO111MODULE: 'off', GOPATH: '/usr/share/gocode', GOFLAGS: '' }
      execFileSync('go', ['build', '-o', program, source('validators.go')], {
        env: { ...env, GOCACHE: join(folder, 'go-cache') },
        stdio: ['ignore', 'inherit', 'inherit'],
      })
      return readsCases(program, goPackages.map(debianVersion), cases)
    },
  },
  {
    packages: ['jose'],
    run({ cases, folder }) {
      const file = join(folder, 'jose.jwk')
      const outcomes = outcomesOf(cases, ({ jwks }, token) => {
        writeFileSync(file, JSON.stringify(jwks))
        const { status, stderr } = spawnSync('jose', ['jws', 'ver', '-i-', '-k', file, '-O', '/dev/null'], {
          input: token,
          encoding: 'utf8',
        })
        return status === 0 ? null : stderr.trim() || 'refused'
      })
      return [{ kind: 'C', name: 'José, the command jose', version: debianVersion('jose'), outcomes }]
    },
  },
  {
    packages: ['libjwt-dev'],
    run({ cases, folder }) {
      const program = join(folder, 'validators-c')
      execFileSync('gcc', ['-o', program, source('validators.c'), '-ljwt'], { stdio: 'inherit' })
      // It refuses the typ of access tokens, at+jwt.
      const plain = cases.map((each) => ({ ...each, ...each.plain }))
      const outcomes = outcomesOf(plain, ({ alg, pem }, token) => {
        const file = join(folder, 'libjwt.pem')
        writeFileSync(file, pem)
        const { status, stdout } = spawnSync(program, [alg, file, token], { encoding: 'utf8' })
        return status === 0 ? null : stdout.trim() || 'refused'
      })
      return [{ kind: 'C', name: 'libjwt, with typ JWT', version: debianVersion('libjwt-dev'), outcomes }]
    },
  },
  {
    packages: ['haproxy'],
    async run({ cases, folder }) {
      const outcomes = {}
      // One for each algorithm: HAProxy does not start with one that it does not know.
      for (const each of cases) {
        const [key, file] = ['pem', 'conf'].map((extension) => join(folder, `haproxy.${extension}`))
        writeFileSync(key, each.pem)
        // eslint-disable-next-line no-await-in-loop
        outcomes[each.id] = await askServer([each], async (port) => {
          const verify = `http_auth_bearer,jwt_verify("${each.alg}","${key}")`
          writeFileSync(
            file,
            `
defaults
  mode http
  timeout client 5s
  timeout connect 5s
  timeout server 5s
frontend api
  bind 127.0.0.1:${port}
  http-request deny unless { ${verify} 1 }
  http-request return status 200
`,
          )
          return ['haproxy', '-db', '-f', file]
        }).then((found) => found[each.id])
      }
      return [{ kind: 'Server', name: 'HAProxy, jwt_verify', version: debianVersion('haproxy'), outcomes }]
    },
  },
  {
    packages: ['apache2', 'libapache2-mod-auth-openidc'],
    async run({ cases, folder }) {
      const root = join(folder, 'apache')
      mkdirSync(join(root, 'htdocs'), { recursive: true })
      // The server answers as another user.
      for (const each of [folder, root, join(root, 'htdocs')]) chmodSync(each, 0o755)
      for (const { id } of cases) writeFileSync(join(root, 'htdocs', id), 'ok')
      const jwks = await serveWithTls(
        root,
        JSON.stringify({ keys: cases.slice(0, 5).flatMap((each) => each.jwks.keys) }),
      )
      try {
        const outcomes = await askServer(cases, async (port) => {
          const file = join(root, 'apache.conf')
          const modules = ['mpm_event', 'authz_core', 'authn_core', 'authz_user', 'auth_openidc']
          const load = modules.map(
            (name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`,
          )
          writeFileSync(
            file,
            `
${load.join('\n')}
ServerName localhost
ServerRoot ${root}
DocumentRoot ${join(root, 'htdocs')}
Listen 127.0.0.1:${port}
PidFile ${join(root, 'pid')}
ErrorLog ${join(root, 'error.log')}
User www-data
Group www-data
OIDCOAuthVerifyJwksUri https://127.0.0.1:${jwks.address().port}/jwks.json
OIDCOAuthSSLValidateServer Off
OIDCOAuthRemoteUserClaim sub
OIDCCryptoPassphrase any
<Location />
  AuthType oauth20
  Require valid-user
</Location>
`,
          )
          return ['apache2', '-DFOREGROUND', '-f', file]
        })
        const version = debianVersion('libapache2-mod-auth-openidc')
        return [{ kind: 'Server', name: 'Apache, mod_auth_openidc', version, outcomes }]
      } finally {
        jwks.close().closeAllConnections()
      }
    },
  },
]

/** mod_auth_openidc reads a JWK Set with TLS only. */
async function serveWithTls(folder, body) {
  const [key, cert] = ['tls.key', 'tls.crt'].map((name) => join(folder, name))
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=127.0.0.1']
  execFileSync('openssl', ['req', '-x509', ...made, '-keyout', key, '-out', cert], { stdio: 'ignore' })
  const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_request, response) =>
    response.end(body),
  )
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  return server
}

/** What a server says of the tokens. It lets a request with a valid one pass. */
async function askServer(cases, configure) {
  const port = await freePort()
  const [command, ...args] = await configure(port)
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  child.stderr.on('data', (data) => {
    log += data
  })
  const ask = async (id, token) => {
    const headers = { authorization: `Bearer ${token}` }
    const { status } = await fetch(`http://127.0.0.1:${port}/${id}`, { headers })
    return status === 200 ? null : `status ${status}`
  }
  const outcomes = {}
  try {
    if (!(await starts(child, () => ask('none', 'none')))) {
      const [, problem = log] = /\[ALERT\].*?: (invalid args.*?)(?: in ACL|$)/m.exec(log) ?? []
      return Object.fromEntries(cases.map(({ id }) => [id, [problem, problem, problem]]))
    }
    for (const { id, token, forged } of cases) {
      outcomes[id] = []
      // eslint-disable-next-line no-await-in-loop
      for (const each of [token, ...forged]) outcomes[id].push(await ask(id, each))
    }
    return outcomes
  } finally {
    child.kill()
  }
}

/** Whether a server begins to answer; false when it ends instead. */
async function starts(child, ask) {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (child.exitCode !== null) return false
    try {
      // eslint-disable-next-line no-await-in-loop -- until it answers
      await ask()
      return true
    } catch {
      // eslint-disable-next-line no-await-in-loop
      await sleep(50)
    }
  }
  throw new Error('a server neither answers nor ends')
}

async function freePort() {
  const server = createServer()
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address()
  await new Promise((done) => server.close(done))
  return port
}
