// A process of its own: node:http and nothing else, which answers token requests without looking at them. Its argument says
// how: `constant` always with the same token, `inline` and `libuv` with a new signature of the same bytes each time. It
// prints its port.
import { generateKeyPairSync, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ecdsaSignatureFromDer } from '@sealwright/core'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const server = createServer().listen(0, '127.0.0.1')
await once(server, 'listening')
// Longer than any other contestant's turn: Node would close idle connections after five seconds.
server.keepAliveTimeout = 120_000
const { port } = server.address() as AddressInfo
const issuer = `http://127.0.0.1:${port}`
const input = signingInput()
const inputBytes = Buffer.from(input)
const constant = sign('sha256', inputBytes, privateKey)

const answers: Readonly<Record<string, (response: ServerResponse) => void>> = {
  constant: (response) => sendToken(response, constant),
  inline: (response) => sendToken(response, sign('sha256', inputBytes, privateKey)),
  libuv: (response) => {
    sign('sha256', inputBytes, privateKey, (error, signature) => {
      if (error === null) sendToken(response, signature)
      else response.destroy(error)
    })
  },
}
const answer = answers[process.argv[2] ?? '']
if (answer === undefined) throw new Error(`there is no such way to answer: ${process.argv[2]}`)

server.on('request', (request, response) => {
  if (request.method === 'POST') request.resume().once('end', () => answer(response))
  else if (request.url === '/jwks') sendJson(response, JSON.stringify({ keys: [jwk()] }))
  else sendJson(response, JSON.stringify({ jwks_uri: `${issuer}/jwks` }))
})
console.log(port)

/** Of a token like those of the others. */
function signingInput(): string {
  const iat = Math.floor(Date.now() / 1000)
  const client = { sub: 'sample-client', client_id: 'sample-client', scope: 'api1' }
  const times = { iat, nbf: iat, exp: iat + 3600, jti: 'kNQ9mUuXhVbF0H3TqYwTzA' }
  return [
    { alg: 'ES256', typ: 'at+jwt', kid: 'bare' },
    { iss: issuer, aud: 'sample-api', ...client, ...times },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
}

function jwk(): object {
  return { ...publicKey.export({ format: 'jwk' }), kid: 'bare' }
}

/** OpenSSL makes DER, not R‖S. On Node 24 its own conversion costs more than the signature. */
function sendToken(response: ServerResponse, der: Uint8Array): void {
  const signature = Buffer.from(ecdsaSignatureFromDer(der, 32)).toString('base64url')
  sendJson(response, `{"access_token":"${input}.${signature}","token_type":"Bearer","expires_in":3600}`)
}

function sendJson(response: ServerResponse, body: string): void {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
  response.end(body)
}
