import { openKeyRing } from '@sealwright/keyring'
import { createJwtIssuer } from '@sealwright/jws'
import { localStore } from '@sealwright/local-store'

const sources = [{ uri: 'store:./keys?name=my-app-auth', create: { keyType: 'ec-p256' } }] as const
const ring = await openKeyRing(sources, { tokenLifetime: 900 }, { backends: [localStore()] })
const issuer = ring.perKey((key) => createJwtIssuer(key, { issuer: 'https://auth.example.com' }))
const token = await issuer().issue({ sub: 'alice' }) // for each token, with the key that is active then
const { status, headers, body } = ring.jwksResponse() // for any web server
console.log(status, headers['cache-control'], body, token)
