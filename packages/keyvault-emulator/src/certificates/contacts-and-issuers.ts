import { badParameter, ServiceError } from '../protocol/errors.ts'
import {
  arrayMember,
  booleanMember,
  isJsonObject,
  objectMember,
  requiredString,
  stringMember,
  type JsonObject,
} from '../protocol/json-input.ts'
import { ok, seconds, type Answer, type Call, type Operation } from '../vault/operation.ts'
import { page } from '../vault/paging.ts'
import type { IssuerRecord } from '../vault/records.ts'

/** Contacts and issuers, which belong to a vault rather than to one certificate. */
export const certificateSettings: readonly Operation[] = [
  {
    name: 'certificates/setContacts',
    method: 'PUT',
    path: 'certificates/contacts',
    permission: ['certificates', 'managecontacts'],
    quota: 'other',
    handle: setContacts,
  },
  {
    name: 'certificates/getContacts',
    method: 'GET',
    path: 'certificates/contacts',
    permission: ['certificates', 'managecontacts'],
    quota: 'other',
    handle: (call) => ok(contactsBody(call, call.vault.settings.contacts)),
  },
  {
    name: 'certificates/deleteContacts',
    method: 'DELETE',
    path: 'certificates/contacts',
    permission: ['certificates', 'managecontacts'],
    quota: 'other',
    handle: (call) =>
      call.vault.updateSettings((draft) => {
        const body = contactsBody(call, draft.contacts)
        draft.contacts = null
        return ok(body)
      }),
  },
  {
    name: 'certificates/listIssuers',
    method: 'GET',
    path: 'certificates/issuers',
    permission: ['certificates', 'listissuers'],
    quota: 'other',
    handle: listIssuers,
  },
  {
    name: 'certificates/getIssuer',
    method: 'GET',
    path: 'certificates/issuers/{name}',
    permission: ['certificates', 'getissuers'],
    quota: 'other',
    handle: (call) => ok(issuerBody(call, requireIssuer(call, call.vault.settings.issuers))),
  },
  {
    name: 'certificates/setIssuer',
    method: 'PUT',
    path: 'certificates/issuers/{name}',
    permission: ['certificates', 'setissuers'],
    quota: 'other',
    handle: setIssuer,
  },
  {
    name: 'certificates/updateIssuer',
    method: 'PATCH',
    path: 'certificates/issuers/{name}',
    permission: ['certificates', 'setissuers'],
    quota: 'other',
    handle: updateIssuer,
  },
  {
    name: 'certificates/deleteIssuer',
    method: 'DELETE',
    path: 'certificates/issuers/{name}',
    permission: ['certificates', 'deleteissuers'],
    quota: 'other',
    handle: (call) =>
      call.vault.updateSettings((draft) => {
        const issuer = requireIssuer(call, draft.issuers)
        draft.issuers = Object.fromEntries(
          Object.entries(draft.issuers).filter(([, candidate]) => candidate !== issuer),
        )
        return ok(issuerBody(call, issuer))
      }),
  },
]

function setContacts(call: Call): Answer {
  const contacts = (arrayMember(call.body, 'contacts') ?? []).map((contact) => {
    if (!isJsonObject(contact)) throw badParameter("Property 'contacts' has invalid value.")
    const [name, phone] = [stringMember(contact, 'name'), stringMember(contact, 'phone')]
    return {
      email: requiredString(contact, 'email'),
      ...(name === undefined ? {} : { name }),
      ...(phone === undefined ? {} : { phone }),
    }
  })
  return call.vault.updateSettings((draft) => {
    draft.contacts = contacts
    return ok(contactsBody(call, contacts))
  })
}

function contactsBody(call: Call, contacts: Record<string, string>[] | null): object {
  if (contacts === null) throw new ServiceError(404, 'ContactsNotFound', 'Contacts not found')
  return { id: `${call.baseUrl}/certificates/contacts`, contacts }
}

function listIssuers(call: Call): Answer {
  const issuers = Object.entries(call.vault.settings.issuers).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return page(
    call,
    'certificates/issuers',
    issuers,
    ([key]) => key,
    ([, issuer]) => ({ id: issuerId(call, issuer), provider: issuer.provider }),
  )
}

function setIssuer(call: Call): Answer {
  const now = seconds(call.settings)
  const issuer: IssuerRecord = {
    name: call.name,
    provider: requiredString(call.body, 'provider'),
    attributes: { enabled: true, created: now, updated: now },
  }
  return storeIssuer(call, issuer)
}

function updateIssuer(call: Call): Answer {
  const issuer = structuredClone(requireIssuer(call, call.vault.settings.issuers))
  issuer.provider = stringMember(call.body, 'provider') ?? issuer.provider
  issuer.attributes.updated = seconds(call.settings)
  return storeIssuer(call, issuer)
}

function storeIssuer(call: Call, issuer: IssuerRecord): Answer {
  const enabled = booleanMember(objectMember(call.body, 'attributes'), 'enabled')
  if (enabled !== undefined) issuer.attributes.enabled = enabled
  if (call.body['credentials'] !== undefined) issuer.credentials = objectMember(call.body, 'credentials')
  if (call.body['org_details'] !== undefined) {
    issuer.org_details = { zip: 0, ...objectMember(call.body, 'org_details') }
  }
  return call.vault.updateSettings((draft) => {
    draft.issuers[call.name.toLowerCase()] = issuer
    return ok(issuerBody(call, issuer))
  })
}

/** @throws ServiceError 404 */
function requireIssuer(call: Call, issuers: Readonly<Record<string, IssuerRecord>>): IssuerRecord {
  const key = call.name.toLowerCase()
  const issuer = Object.hasOwn(issuers, key) ? issuers[key] : undefined
  if (issuer === undefined) throw new ServiceError(404, 'CertificateIssuerNotFound', 'Issuer not found')
  return issuer
}

function issuerBody(call: Call, issuer: IssuerRecord): object {
  const { enabled, created, updated } = issuer.attributes
  return {
    id: issuerId(call, issuer),
    provider: issuer.provider,
    ...(issuer.credentials === undefined ? {} : { credentials: withoutPassword(issuer.credentials) }),
    ...(issuer.org_details === undefined ? {} : { org_details: issuer.org_details }),
    attributes: { enabled, created, updated },
  }
}

function issuerId(call: Call, issuer: IssuerRecord): string {
  return `${call.baseUrl}/certificates/issuers/${issuer.name}`
}

/** A password goes in and never comes out. */
function withoutPassword(credentials: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(credentials).filter(([name]) => name !== 'pwd'))
}
