import { rejection } from '@sealwright/test-kit/errors'
import { expect, test } from 'vitest'
import { errorOf, startRig } from '../support/rig.ts'

test('contacts: set, get, delete, and a 404 in the words of the service', async () => {
  const rig = await startRig()
  const contacts = [
    { email: 'a@a.example', name: 'a', phone: '111111111111' },
    { email: 'b@b.example', name: 'b', phone: '222222222222' },
  ]
  await rig.certificates.setContacts(contacts)
  expect(await rig.certificates.getContacts()).toEqual(contacts)
  const { body } = await rig.raw('GET', '/certificates/contacts?api-version=7.6')
  expect(body).toEqual({ id: `${rig.emulator.vaultUrl()}/certificates/contacts`, contacts })
  await rig.certificates.deleteContacts()
  expect(errorOf(await rejection(rig.certificates.getContacts()))).toMatchObject({
    status: 404,
    code: 'ContactsNotFound',
    message: 'Contacts not found',
  })
})

test('issuers: create, list, update, delete; the password never comes back', async () => {
  const rig = await startRig()
  const administratorContacts = [
    { firstName: 'John', lastName: 'Doe', email: 'admin@example.com', phone: '4255555555' },
  ]
  await rig.certificates.createIssuer('i', 'Test', {
    accountId: 'keyvaultuser',
    password: 'hidden',
    administratorContacts,
  })
  const { body } = await rig.raw('GET', '/certificates/issuers/i?api-version=7.6')
  const attributes = body['attributes'] as { created: number }
  expect(body).toEqual({
    id: `${rig.emulator.vaultUrl()}/certificates/issuers/i`,
    provider: 'Test',
    credentials: { account_id: 'keyvaultuser' },
    org_details: {
      zip: 0,
      admin_details: [
        { first_name: 'John', last_name: 'Doe', email: 'admin@example.com', phone: '4255555555' },
      ],
    },
    attributes: { enabled: true, created: attributes.created, updated: attributes.created },
  })
  expect(JSON.stringify(rig.emulator.requests.list())).not.toContain('hidden')
  const listed: string[] = []
  for await (const { id } of rig.certificates.listPropertiesOfIssuers()) listed.push(id ?? '')
  expect(listed).toEqual([body['id']])
  await rig.certificates.updateIssuer('i', { accountId: 'other' })
  await expect(rig.certificates.getIssuer('i')).resolves.toMatchObject({
    accountId: 'other',
    administratorContacts,
  })
  await rig.certificates.deleteIssuer('i')
  expect(errorOf(await rejection(rig.certificates.getIssuer('i')))).toMatchObject({
    status: 404,
    code: 'CertificateIssuerNotFound',
  })
})

test('a certificate of a named issuer completes like one of the vault’s own', async () => {
  const rig = await startRig()
  await rig.certificates.createIssuer('ca', 'Test')
  const policy = { issuerName: 'ca', subject: 'CN=c', keyType: 'EC' }
  const poller = await rig.certificates.beginCreateCertificate('c', policy, { intervalInMs: 5 })
  await expect(poller.pollUntilDone()).resolves.toMatchObject({ policy: { issuerName: 'ca' } })
})
