// The vault that holds the token-signing certificate, the identity of the servers, and the one role that they need.
//
//   az deployment group create --resource-group tokens --template-file deploy/azure/signing-key.bicep --parameters name=tokens-kv
//
// The template makes no key: a certificate is data of the vault. Make it once, with an identity that may (see docs/deployment.md).

@description('The name of the vault, which is unique in all of Azure: 3 to 24 letters, digits and hyphens.')
@minLength(3)
@maxLength(24)
param name string

param location string = resourceGroup().location

@description('The name of the certificate. The servers may use this one only.')
param certificateName string = 'token-signing'

@description('premium for a key in an HSM.')
@allowed(['standard', 'premium'])
param sku string = 'standard'

@description('Whether the vault can be reached from everywhere. If not, it needs a private endpoint in the network of the servers.')
param isPublic bool = true

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  name: name
  location: location
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: sku }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    // A deleted vault or key can be recovered for 90 days, and not even an owner can purge it before.
    enablePurgeProtection: true
    publicNetworkAccess: isPublic ? 'Enabled' : 'Disabled'
    networkAcls: { bypass: 'None', defaultAction: isPublic ? 'Allow' : 'Deny' }
  }
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: '${name}-servers'
  location: location
}

// The built-in roles allow more: Key Vault Crypto User decrypts and unwraps, too, and Key Vault Certificate User reads secrets, which
// include the private keys of exportable certificates.
resource role 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(resourceGroup().id, 'sealwright-token-signer')
  properties: {
    roleName: 'Token signer (${resourceGroup().name})'
    description: 'Reads certificates and public keys and makes signatures.'
    type: 'CustomRole'
    assignableScopes: [resourceGroup().id]
    permissions: [
      {
        actions: []
        notActions: []
        dataActions: [
          'Microsoft.KeyVault/vaults/certificates/read'
          'Microsoft.KeyVault/vaults/keys/read'
          'Microsoft.KeyVault/vaults/keys/sign/action'
        ]
        notDataActions: []
      }
    ]
  }
}

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, identity.id, role.id)
  scope: vault
  properties: {
    roleDefinitionId: role.id
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
  }
}

output signingKey string = '${vault.properties.vaultUri}certificates/${certificateName}'
output identityId string = identity.id
output identityClientId string = identity.properties.clientId
output vaultName string = vault.name
