// jose in Chromium: a page that validates the tokens and sends what came of it.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { json } from 'node:stream/consumers'
import { versionOf } from './node-libraries.mjs'

const jose = dirname(createRequire(import.meta.url).resolve('jose'))

const page = `<!doctype html><script type="module">
  import { createLocalJWKSet, jwtVerify } from '/jose/index.js'
  const outcome = async ({ alg, issuer, audience, jwks }, token) => {
    try {
      await jwtVerify(token, createLocalJWKSet(jwks), { issuer, audience, algorithms: [alg] })
      return null
    } catch (error) {
      return String(error)
    }
  }
  const cases = await (await fetch('/cases')).json()
  const outcomes = {}
  for (const each of cases)
    outcomes[each.id] = await Promise.all([each.token, ...each.forged].map((token) => outcome(each, token)))
  await fetch('/outcomes', { method: 'POST', body: JSON.stringify(outcomes) })
</script>`

export async function validateInBrowser(cases, folder) {
  const { promise, resolve, reject } = withResolvers()
  const server = createServer((request, response) => {
    if (request.url === '/') response.setHeader('content-type', 'text/html').end(page)
    else if (request.url === '/cases') response.end(JSON.stringify(cases))
    else if (request.url === '/outcomes') {
      void json(request).then(resolve)
      response.end()
    } else if (request.url.startsWith('/jose/')) {
      const file = readFileSync(join(jose, request.url.slice('/jose/'.length)))
      response.setHeader('content-type', 'text/javascript').end(file)
    } else response.writeHead(404).end()
  })
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  const options = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    `--user-data-dir=${join(folder, 'chromium')}`,
  ]
  const child = spawn(
    'chromium',
    [...options, '--remote-debugging-port=0', `http://127.0.0.1:${server.address().port}/`],
    {
      stdio: 'ignore',
    },
  )
  const timer = setTimeout(() => reject(new Error('Chromium does not answer')), 60_000)
  try {
    return [
      { kind: 'Browser', name: 'jose in Chromium', version: versionOf('jose'), outcomes: await promise },
    ]
  } finally {
    clearTimeout(timer)
    child.kill()
    server.close().closeAllConnections()
  }
}

/** Node 20 has no Promise.withResolvers. */
function withResolvers() {
  let resolve
  let reject
  const promise = new Promise((...functions) => {
    ;[resolve, reject] = functions
  })
  return { promise, resolve, reject }
}
