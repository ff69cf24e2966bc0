import { createAssertionSource, privateKeyJwt } from '@sealwright/client-assertions'
import { openSigningKey } from '@sealwright/core'
import { localStore } from '@sealwright/local-store'

// Or https://NAME.vault.azure.net/certificates/reports, with azureKeyVault() of @sealwright/azure-keyvault.
const uri = 'store:./keys?name=reports'
const key = await openSigningKey(uri, { backends: [localStore()], create: { keyType: 'ec-p256' } })
const preset = privateKeyJwt({ clientId: 'reports', audience: 'https://id.example.com' })
const assertions = createAssertionSource(key, preset)
console.log(await assertions.assertion()) // to send as client_assertion
