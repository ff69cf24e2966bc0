// The token server in App Service on Linux: several instances with one key, and no secret.
//
// Deploy the built repository as a ZIP file; docs/deployment.md has the commands.

@description('The name of the app, which is unique in all of Azure.')
param name string

param location string = resourceGroup().location

@description('The output signingKey of signing-key.bicep.')
param signingKey string

@description('The output identityId of signing-key.bicep.')
param identityId string

@description('The output identityClientId of signing-key.bicep.')
param identityClientId string

@description('The URL that clients use, without a slash at the end.')
param issuer string = 'https://${name}.azurewebsites.net'

@description('rediss://…: what the instances share, which is used client assertions and limits. Empty: each has its own.')
@secure()
param redisUrl string = ''

@minValue(1)
@maxValue(30)
param instances int = 2

param sku string = 'P1v3'

resource plan 'Microsoft.Web/serverfarms@2023-12-01' = {
  name: '${name}-plan'
  location: location
  kind: 'linux'
  sku: { name: sku, capacity: instances }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2023-12-01' = {
  name: name
  location: location
  kind: 'app,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    // Each instance signs with the same key, so a client may go to any of them.
    clientAffinityEnabled: false
    siteConfig: {
      linuxFxVersion: 'NODE|24-lts'
      appCommandLine: 'node apps/token-server/dist/main.js'
      healthCheckPath: '/health/live'
      alwaysOn: true
      http20Enabled: true
      minTlsVersion: '1.2'
      ftpsState: 'Disabled'
      appSettings: concat(
        [
          { name: 'HOST', value: '0.0.0.0' }
          { name: 'ISSUER', value: issuer }
          { name: 'SIGNING_KEY', value: signingKey }
          { name: 'SIGNING_KEY_CREATE', value: 'false' }
          { name: 'AZURE_CLIENT_ID', value: identityClientId }
          { name: 'TOKEN_SERVER_SETTINGS', value: '/home/site/wwwroot/token-server.json' }
          { name: 'SCM_DO_BUILD_DURING_DEPLOYMENT', value: 'false' }
          // Where the front ends of App Service connect from.
          { name: 'TRUSTED_PROXIES', value: '169.254.0.0/16' }
        ],
        empty(redisUrl) ? [] : [{ name: 'REDIS_URL', value: redisUrl }]
      )
    }
  }
}

output host string = app.properties.defaultHostName
