// The token server in Azure Container Apps: several instances with one key, and no secret.

param location string = resourceGroup().location

@description('The image, by digest: registry.azurecr.io/token-server@sha256:…')
param image string

@description('The output signingKey of signing-key.bicep.')
param signingKey string

@description('The output identityId of signing-key.bicep.')
param identityId string

@description('The output identityClientId of signing-key.bicep.')
param identityClientId string

@description('The URL that clients use, without a slash at the end.')
param issuer string

@description('The contents of the settings file, with the clients and resources.')
@secure()
param settings string

@description('rediss://…: what the instances share, which is used client assertions and limits. Empty: each has its own.')
@secure()
param redisUrl string = ''

@minValue(2)
@maxValue(100)
param minimumInstances int = 2

@minValue(2)
@maxValue(300)
param maximumInstances int = 10

resource logs 'Microsoft.OperationalInsights/workspaces@2022-10-01' = {
  name: 'token-server-logs'
  location: location
  properties: { sku: { name: 'PerGB2018' }, retentionInDays: 30 }
}

resource environment 'Microsoft.App/managedEnvironments@2024-03-01' = {
  name: 'token-server'
  location: location
  properties: {
    appLogsConfiguration: {
      destination: 'log-analytics'
      logAnalyticsConfiguration: {
        customerId: logs.properties.customerId
        sharedKey: logs.listKeys().primarySharedKey
      }
    }
  }
}

resource app 'Microsoft.App/containerApps@2024-03-01' = {
  name: 'token-server'
  location: location
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    managedEnvironmentId: environment.id
    configuration: {
      activeRevisionsMode: 'Single'
      ingress: { external: true, targetPort: 8080, transport: 'http', allowInsecure: false }
      secrets: concat(
        [{ name: 'settings', value: settings }],
        empty(redisUrl) ? [] : [{ name: 'redis-url', value: redisUrl }]
      )
    }
    template: {
      // The time for the load balancer to see that an instance is going, and for its last requests.
      terminationGracePeriodSeconds: 30
      containers: [
        {
          name: 'token-server'
          image: image
          resources: { cpu: json('1.0'), memory: '2Gi' }
          env: concat(
            [
              { name: 'ISSUER', value: issuer }
              { name: 'SIGNING_KEY', value: signingKey }
              { name: 'SIGNING_KEY_CREATE', value: 'false' }
              { name: 'AZURE_CLIENT_ID', value: identityClientId }
              { name: 'TOKEN_SERVER_SETTINGS', value: '/settings/token-server.json' }
              { name: 'DRAIN_DELAY', value: '10' }
              // Where the ingress of an environment connects from.
              { name: 'TRUSTED_PROXIES', value: '100.64.0.0/10' }
            ],
            empty(redisUrl) ? [] : [{ name: 'REDIS_URL', secretRef: 'redis-url' }]
          )
          volumeMounts: [{ volumeName: 'settings', mountPath: '/settings' }]
          probes: [
            {
              type: 'Startup'
              httpGet: { path: '/health/live', port: 8080 }
              periodSeconds: 2
              failureThreshold: 30
            }
            { type: 'Liveness', httpGet: { path: '/health/live', port: 8080 }, periodSeconds: 10 }
            { type: 'Readiness', httpGet: { path: '/health/ready', port: 8080 }, periodSeconds: 5 }
          ]
        }
      ]
      volumes: [
        {
          name: 'settings'
          storageType: 'Secret'
          secrets: [{ secretRef: 'settings', path: 'token-server.json' }]
        }
      ]
      scale: {
        minReplicas: minimumInstances
        maxReplicas: maximumInstances
        rules: [{ name: 'requests', http: { metadata: { concurrentRequests: '100' } } }]
      }
    }
  }
}

output host string = app.properties.configuration.ingress.fqdn
