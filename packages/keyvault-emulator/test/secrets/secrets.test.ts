import { rejection } from '@sealwright/test-kit/errors'
import { expect, test } from 'vitest'
import { errorOf, startRig } from '../support/rig.ts'

test('a plain secret: set, get, versions, update', async () => {
  const rig = await startRig()
  const first = await rig.secrets.setSecret('s', 'one', { contentType: 'text/plain', tags: { a: 'b' } })
  await rig.secrets.setSecret('s', 'two')
  expect((await rig.secrets.getSecret('s')).value).toBe('two')
  const version = first.properties.version ?? ''
  expect(await rig.secrets.getSecret('s', { version })).toMatchObject({
    value: 'one',
    properties: { contentType: 'text/plain', tags: { a: 'b' } },
  })
  await rig.secrets.updateSecretProperties('s', version, { contentType: 'x', enabled: false })
  expect(errorOf(await rejection(rig.secrets.getSecret('s', { version })))).toEqual({
    status: 403,
    code: 'Forbidden',
    inner: 'SecretDisabled',
    message: 'Operation get is not allowed on a disabled secret.',
  })
  const listed: string[] = []
  for await (const properties of rig.secrets.listPropertiesOfSecretVersions('s')) {
    listed.push(properties.version ?? '')
  }
  expect(listed).toHaveLength(2)
})

test('looks as the service’s recordings show one', async () => {
  const rig = await startRig({ recoverableDays: 7 })
  const { body } = await rig.raw('PUT', '/secrets/s?api-version=2025-07-01', {
    body: { value: 'MySecretValue', attributes: {} },
  })
  const { created } = body['attributes'] as { created: number }
  expect(JSON.stringify(body)).toBe(
    JSON.stringify({
      value: 'MySecretValue',
      id: body['id'],
      attributes: {
        enabled: true,
        created,
        updated: created,
        recoveryLevel: 'CustomizedRecoverable+Purgeable',
        recoverableDays: 7,
      },
    }),
  )
})

test('an expired secret can still be read, as can one of the future', async () => {
  const rig = await startRig()
  await rig.secrets.setSecret('s', 'x', { expiresOn: new Date(1) })
  await rig.secrets.setSecret('t', 'x', { notBefore: new Date(Date.now() + 3_600_000) })
  await expect(rig.secrets.getSecret('s')).resolves.toMatchObject({ value: 'x' })
  await expect(rig.secrets.getSecret('t')).resolves.toMatchObject({ value: 'x' })
})

test('backup and restore', async () => {
  const rig = await startRig()
  await rig.secrets.setSecret('s', 'x')
  const backup = await rig.secrets.backupSecret('s')
  await (await rig.secrets.beginDeleteSecret('s', { intervalInMs: 5 })).pollUntilDone()
  await rig.secrets.purgeDeletedSecret('s')
  await expect
    .poll(() => rig.secrets.restoreSecretBackup(backup ?? new Uint8Array()).then(({ name }) => name), {
      timeout: 10_000,
    })
    .toBe('s')
  await expect(rig.secrets.getSecret('s')).resolves.toMatchObject({ value: 'x' })
  // A backup of one kind is not taken for another.
  const error = await rejection(rig.keys.restoreKeyBackup(backup ?? new Uint8Array()))
  expect(errorOf(error)).toMatchObject({ status: 400, code: 'BadParameter' })
})

test('what is too long or no string is a 400', async () => {
  const rig = await startRig()
  for (const value of ['x'.repeat(25 * 1024 + 1), 1, undefined]) {
    const answer = await rig.raw('PUT', '/secrets/s?api-version=7.6', { body: { value } })
    expect(answer.status).toBe(400)
  }
})
