import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { failure } from '@sealwright/test-kit/errors'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacksModes } from '@sealwright/test-kit/tools'
import { describe, expect, test } from 'vitest'
import {
  localStore,
  openAppServiceStore,
  openDotNetStore,
  openFolderStore,
  openKeyFile,
  openPkcs12File,
} from '../src/index.ts'

type Open = (options: never) => unknown

describe('options', () => {
  test.each<[string, Open, string]>([
    ['openFolderStore', (options) => openFolderStore('keys', options), 'password, createSigner'],
    ['openDotNetStore', openDotNetStore, 'home, createSigner'],
    ['openAppServiceStore', openAppServiceStore, 'folder, loadCertificates, createSigner'],
    ['openKeyFile', (options) => openKeyFile('a.pfx', options), 'certificate, password, createSigner'],
    ['openPkcs12File', (options) => openPkcs12File('a.pfx', '', options), 'createSigner'],
    ['localStore', localStore, 'baseFolder, dotNet, appService, createSigner'],
  ])('of %s are checked', async (_, open, names) => {
    const all = names.includes(',') ? `the options are ${names}` : `the only option is ${names}`
    expect(await failure('INVALID_ARGUMENT', () => open({ hoem: '/' } as never))).toBe(
      `options.hoem is not an option; ${all}`,
    )
    expect(await failure('INVALID_ARGUMENT', () => open({ createSigner: {} } as never))).toBe(
      'options.createSigner must be a function',
    )
  })

  test.each<[Open, object, string]>([
    [openAppServiceStore, { loadCertificates: true }, 'options.loadCertificates must be a string'],
    [
      (options) => openFolderStore('keys', options),
      { password: 7 },
      'options.password must be a string, or a function that returns one',
    ],
    [localStore, { dotNet: { hoem: '/' } }, 'options.dotNet.hoem is not an option; the only option is home'],
    [
      localStore,
      { appService: { foldr: '/' } },
      'options.appService.foldr is not an option; the options are folder, loadCertificates',
    ],
    [
      (options) => openKeyFile('a.pfx', options),
      { password: () => 7 },
      'options.password must return a string',
    ],
    [
      (options) => openFolderStore('keys', options),
      { password: () => 7 },
      'options.password must return a string',
    ],
    [
      ({ password }: { password: never }) => openPkcs12File('a.pfx', password),
      { password: () => 7 },
      'password must return a string',
    ],
  ])('are checked down to their types (%#)', async (open, options, message) => {
    expect(await failure('INVALID_ARGUMENT', () => open(options as never))).toBe(message)
  })
})

test('a path with braces in it is a path', async () => {
  const folder = join(scratchFolder(), 'a {b}')
  expect(await openFolderStore(folder)).toMatchObject({ location: folder })
})

describe('a folder that cannot be used is refused when it is opened', () => {
  test.skipIf(lacksModes)('where its mode lets others in [needs POSIX modes]', async () => {
    const home = scratchFolder()
    const my = join(home, '.dotnet/corefx/cryptography/x509stores/my')
    await mkdir(my, { recursive: true })
    await chmod(my, 0o775)
    expect(await failure('UNSAFE_PERMISSIONS', () => openDotNetStore({ home }))).toContain(`chmod 700 ${my}`)
    // The platform sets the modes of App Service's folder.
    expect(await openAppServiceStore({ folder: my })).toMatchObject({ location: my })
  })

  test('where a file is in its place', async () => {
    const folder = join(scratchFolder(), 'ssl')
    await writeFile(folder, '')
    expect(await failure('UNAVAILABLE', () => openAppServiceStore({ folder }))).toContain(folder)
  })
})

test.each([' * ', '*'])('the setting %j of App Service shows all certificates', async (loadCertificates) => {
  const folder = scratchFolder()
  const store = await openAppServiceStore({ folder, loadCertificates })
  expect(await failure('NOT_FOUND', () => store.find({ subject: 'x' }))).toBe(
    `there is no certificate in ${folder}`,
  )
})

test.each(['', '  '])('the setting %j of App Service shows none', async (loadCertificates) => {
  const folder = scratchFolder()
  const store = await openAppServiceStore({ folder, loadCertificates })
  expect(await failure('NOT_FOUND', () => store.find({ subject: 'x' }))).toBe(
    `there is no certificate in ${folder}; WEBSITE_LOAD_CERTIFICATES is not set, so App Service provides no certificate; set it to * or to the thumbprint`,
  )
})

test('a setting of App Service with several thumbprints names them in one form', async () => {
  const folder = scratchFolder()
  const [a, b] = ['ab'.repeat(20), 'cd'.repeat(20)]
  const store = await openAppServiceStore({ folder, loadCertificates: `${a},${b}` })
  expect(await failure('NOT_FOUND', () => store.find({ subject: 'x' }))).toBe(
    `there is no certificate in ${folder}; App Service provides only those in WEBSITE_LOAD_CERTIFICATES: ${a.toUpperCase()}, ${b.toUpperCase()}`,
  )
})

test('a malformed setting of App Service is refused with the reason', async () => {
  await expect(openAppServiceStore({ loadCertificates: 'AB' })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message:
      'WEBSITE_LOAD_CERTIFICATES must be * or thumbprints separated by commas: the thumbprint has 2 hexadecimal digits; SHA-1 has 40 and SHA-256 64',
    cause: { code: 'INVALID_ARGUMENT' },
  })
})
