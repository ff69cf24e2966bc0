import { z } from 'zod'
import { ServiceError } from '../protocol/errors.ts'
import { commonMembers, type JsonObject } from '../protocol/body.ts'
import { ok, seconds, withBody, type Answer, type Call, type Operation } from '../vault/operation.ts'
import { page } from '../vault/paging.ts'
import type { IssuerRecord, VaultSettings } from '../vault/records.ts'

const contactsSchema = z.object({
  contacts: z
    .array(z.object({ email: z.string(), name: z.string().optional(), phone: z.string().optional() }))
    .optional(),
})
const issuerSchema = z.object({
  attributes: commonMembers.attributes,
  provider: z.string().optional(),
  credentials: z.object({ account_id: z.string().optional(), pwd: z.string().optional() }).optional(),
  org_details: z
    .object({
      id: z.string().optional(),
      zip: z.int().default(0),
      admin_details: z
        .array(
          z.object({
            first_name: z.string().optional(),
            last_name: z.string().optional(),
            email: z.string().optional(),
            phone: z.string().optional(),
          }),
        )
        .optional(),
    })
    .optional(),
})
type GivenIssuer = z.output<typeof issuerSchema>

/** Contacts and issuers, which belong to a vault rather than to one certificate. */
export const certificateSettings: readonly Operation[] = [
  {
    name: 'certificates/setContacts',
    method: 'PUT',
    path: 'certificates/contacts',
    permission: ['certificates', 'managecontacts'],
    quota: 'other',
    handle: withBody(contactsSchema, setContacts),
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
    handle: withBody(issuerSchema.extend({ provider: z.string() }), setIssuer),
  },
  {
    name: 'certificates/updateIssuer',
    method: 'PATCH',
    path: 'certificates/issuers/{name}',
    permission: ['certificates', 'setissuers'],
    quota: 'other',
    handle: withBody(issuerSchema, updateIssuer),
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

function setContacts(call: Call<z.output<typeof contactsSchema>>): Answer {
  const { contacts = [] } = call.body
  return call.vault.updateSettings((draft) => {
    draft.contacts = contacts
    return ok(contactsBody(call, contacts))
  })
}

function contactsBody(call: Call, contacts: VaultSettings['contacts']): object {
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

function setIssuer(call: Call<GivenIssuer & { provider: string }>): Answer {
  const now = seconds(call.settings)
  return storeIssuer(call, {
    name: call.name,
    provider: call.body.provider,
    attributes: { enabled: true, created: now, updated: now },
  })
}

function updateIssuer(call: Call<GivenIssuer>): Answer {
  const issuer = structuredClone(requireIssuer(call, call.vault.settings.issuers))
  issuer.provider = call.body.provider ?? issuer.provider
  issuer.attributes.updated = seconds(call.settings)
  return storeIssuer(call, issuer)
}

function storeIssuer(call: Call<GivenIssuer>, issuer: IssuerRecord): Answer {
  const { attributes, credentials, org_details } = call.body
  issuer.attributes.enabled = attributes?.enabled ?? issuer.attributes.enabled
  if (credentials !== undefined) issuer.credentials = credentials
  if (org_details !== undefined) issuer.org_details = org_details
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

/** A password is accepted but never returned. */
function withoutPassword(credentials: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(credentials).filter(([name]) => name !== 'pwd'))
}
