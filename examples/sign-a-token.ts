import { openSigningKey, signingKeyJwk } from '@sealwright/core'
import { createJwtIssuer } from '@sealwright/jws'
import { localStore } from '@sealwright/local-store'
import { createLocalJWKSet, jwtVerify } from 'jose'

const names = { issuer: 'https://auth.example.com', audience: 'https://api.example.com' }

// The first run creates the key and its certificate in ./keys/my-app-auth.pfx; later runs find them.
const create = { keyType: 'ec-p256', subject: 'CN=my-app-auth' } as const
const key = await openSigningKey('store:./keys?name=my-app-auth', { backends: [localStore()], create })
const token = await createJwtIssuer(key, names).issue({ sub: 'alice', client_id: 'shop', scope: 'read' })

// An API gets the key set from the issuer and verifies the token:
const keySet = createLocalJWKSet({ keys: [signingKeyJwk(key)] })
const { payload, protectedHeader } = await jwtVerify(token, keySet, { ...names, typ: 'at+jwt' })
console.log(`a token for ${payload.sub}, signed with the key ${protectedHeader.kid}`)
