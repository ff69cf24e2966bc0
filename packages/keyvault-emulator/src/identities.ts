import type { AcceptedAssertion, Authorization, Identity } from './identity/access.ts'
import { resolveAssignment } from './identity/roles.ts'
import type { IdentityOptions, KeyVaultEmulatorOptions } from './options.ts'
import { EmulatorError } from './protocol/errors.ts'
import { wellKnown } from './well-known.ts'

/** The identities that can sign in, with defaults filled in. @throws EmulatorError for a role that does not exist */
export function identitiesOf({ identities }: KeyVaultEmulatorOptions): Identity[] {
  const given = identities ?? [{ clientId: wellKnown.clientId, clientSecret: wellKnown.clientSecret }, {}]
  return given.map((option, index) => {
    const clientId = option.clientId ?? guid('a', index + 1)
    const objectId = option.objectId ?? guid('b', index + 1)
    const { clientSecret = null } = option
    // Rights in one model do not count in the other, as in the service.
    const access = option.access ?? (option.roles === undefined ? 'all' : {})
    const roles = option.roles ?? (access === 'all' ? [{ role: 'Key Vault Administrator' }] : [])
    return {
      clientId,
      clientSecret,
      assertion: assertionOf(option, clientId),
      objectId,
      access,
      roles: roles.map((role) => resolveAssignment(objectId, role)),
    }
  })
}

/** How each vault decides what an identity may do. @throws EmulatorError where it must be specified */
export function authorizationOf({
  authorization,
  identities = [],
}: KeyVaultEmulatorOptions): (vault: string) => Authorization {
  const usesPolicies = identities.some(({ access }) => access !== undefined && access !== 'all')
  if (authorization === undefined && usesPolicies && identities.some(({ roles }) => roles !== undefined)) {
    throw new EmulatorError('identities have both access and roles; set authorization to the one that counts')
  }
  const byDefault = usesPolicies ? 'accessPolicies' : 'rbac'
  return typeof authorization === 'object'
    ? (vault) => authorization[vault] ?? byDefault
    : () => authorization ?? byDefault
}

/** A client signs assertions about itself with its certificate; a federated issuer signs its own. */
function assertionOf(
  { clientCertificate, federatedCredential }: IdentityOptions,
  clientId: string,
): AcceptedAssertion | null {
  if (clientCertificate === undefined) return federatedCredential ?? null
  return { issuer: clientId, subject: clientId, publicKey: clientCertificate }
}

function guid(kind: string, index: number): string {
  return `00000000-0000-4000-8000-${(kind + index.toString(16)).padStart(12, '0')}`
}
