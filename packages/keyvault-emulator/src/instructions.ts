import { wellKnown } from './well-known.ts'
import type { RunningKeyVaultEmulator } from './start.ts'

const caFile = 'keyvault-emulator-ca.pem'

/** The lines to paste for the clients of a running emulator. */
export function instructions(emulator: RunningKeyVaultEmulator): string {
  const { port, metadataPort, tenantId, authorityHost } = emulator
  const vault = wellKnown.vault
  const host = `${vault}.vault.azure.net`
  const url = emulator.vaultUrl()
  const application = emulator.identities.find((identity) => identity.clientSecret !== null)
  const client = application?.clientId ?? 'CLIENT_ID'
  const secret = application?.clientSecret ?? 'CLIENT_SECRET'
  return `Key Vault emulator

  vault      ${url}   (every NAME.vault.azure.net is a vault; NAME.localhost too)
             https://localhost:${port}   (the same vault, without a name to resolve)
  HSM        ${emulator.managedHsmUrl()}
  authority  ${authorityHost}   tenant ${tenantId}
  sign in    client id ${client}, secret ${secret}
  CA         http://127.0.0.1:${metadataPort}/ca.pem

The CA, for every client below:
  curl -so ${caFile} http://127.0.0.1:${metadataPort}/ca.pem
The name of the vault, for .NET (the other lines do without):
  echo '127.0.0.1 ${host}' | sudo tee -a /etc/hosts

curl
  token=$(curl -s --cacert ${caFile} ${authorityHost}/${tenantId}/oauth2/v2.0/token \\
    -d grant_type=client_credentials -d client_id=${client} -d client_secret=${secret} \\
    -d scope=https://vault.azure.net/.default | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')
  curl -s --cacert ${caFile} --resolve ${host}:${port}:127.0.0.1 -H "Authorization: Bearer $token" \\
    -H 'Content-Type: application/json' -d '{"kty":"EC"}' '${url}/keys/first/create?api-version=2025-07-01'

Node
  const ca = fs.readFileSync('${caFile}')
  const lookup = (_name, options, done) =>
    options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4)
  const credential = new ClientSecretCredential('${tenantId}', '${client}', '${secret}',
    { authorityHost: '${authorityHost}', disableInstanceDiscovery: true, tlsOptions: { ca } })
  const keys = new KeyClient('${url}', credential, { agent: new https.Agent({ ca, lookup, keepAlive: true }) })

Python
  export REQUESTS_CA_BUNDLE=$PWD/${caFile}
  python3 - <<'END'
  from azure.identity import ClientSecretCredential
  from azure.keyvault.keys import KeyClient
  credential = ClientSecretCredential('${tenantId}', '${client}', '${secret}',
      authority='https://localhost:${port}', disable_instance_discovery=True)
  # The client compares the port with the challenge, which has none: hence verify_challenge_resource.
  keys = KeyClient('https://localhost:${port}', credential, verify_challenge_resource=False)
  print(keys.create_ec_key('from-python').id)
  END

.NET
  export SSL_CERT_FILE=$PWD/${caFile}
  var credential = new ClientSecretCredential("${tenantId}", "${client}", "${secret}",
      new ClientSecretCredentialOptions { AuthorityHost = new Uri("${authorityHost}"), DisableInstanceDiscovery = true });
  var keys = new KeyClient(new Uri("${url}"), credential);

Managed identity
  export IDENTITY_ENDPOINT='${emulator.appServiceEnvironment['IDENTITY_ENDPOINT'] ?? ''}' IDENTITY_HEADER='${emulator.appServiceEnvironment['IDENTITY_HEADER'] ?? ''}'
`
}
