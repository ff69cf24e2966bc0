import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { satisfies } from 'semver'
import { describe, expect, test } from 'vitest'

const root = new URL('..', import.meta.url).pathname

interface Manifest {
  readonly name: string
  readonly private?: boolean
  readonly engines?: { readonly node?: string }
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly scripts?: { readonly build?: string }
}

const readJson = (path: string): unknown => JSON.parse(readFileSync(join(root, path), 'utf8'))

const workspaces = ['packages', 'apps']
  .flatMap((parent) => readdirSync(join(root, parent)).map((name) => `${parent}/${name}`))
  .filter((folder) => existsSync(join(root, folder, 'package.json')))
  .map((folder) => ({ folder, manifest: readJson(`${folder}/package.json`) as Manifest }))

/** What each package may depend on, other packages of the project first. What is not here is refused. */
const directions: Readonly<Record<string, readonly string[]>> = {
  '@sealwright/core': [],
  '@sealwright/x509': ['@sealwright/core', '@peculiar/webcrypto', 'asn1js', 'pkijs'],
  '@sealwright/jws': ['@sealwright/core'],
  '@sealwright/azure-keyvault': [
    '@sealwright/core',
    '@sealwright/x509',
    '@azure/core-rest-pipeline',
    '@azure/identity',
    '@azure/keyvault-certificates',
    '@azure/keyvault-keys',
  ],
  '@sealwright/backend-contract': ['@sealwright/core', '@sealwright/x509', 'jose'],
  // An oracle: nothing of the project's own.
  '@sealwright/keyvault-emulator': [
    '@noble/curves',
    '@peculiar/asn1-cms',
    '@peculiar/asn1-csr',
    '@peculiar/asn1-pfx',
    '@peculiar/asn1-pkcs8',
    '@peculiar/asn1-rsa',
    '@peculiar/asn1-schema',
    '@peculiar/asn1-x509',
    'commander',
    'node-forge',
    'zod',
  ],
  '@sealwright/keyring': ['@sealwright/core', '@sealwright/x509'],
  '@sealwright/local-store': ['@sealwright/core', '@sealwright/x509'],
  // The oracle's tests use it, too: nothing of the project's own.
  '@sealwright/test-kit': ['@azure/identity', 'vitest'],
  '@sealwright/cli': ['@sealwright/core', '@sealwright/x509', 'commander'],
}

describe('dependency direction', () => {
  for (const { manifest } of workspaces.filter(({ folder }) => folder.startsWith('packages/'))) {
    test(`${manifest.name} depends only on what its layer may`, () => {
      const allowed = directions[manifest.name]
      expect(allowed, `add ${manifest.name} to the table, on purpose`).toBeDefined()
      const actual = dependenciesOf(manifest)
      expect(actual.filter((name) => !allowed?.includes(name))).toEqual([])
    })
  }

  test.each(workspaces)('$folder imports only what its package.json names', ({ folder, manifest }) => {
    const declared = new Set(dependenciesOf(manifest))
    const undeclared = sources(join(root, folder, 'src')).flatMap((file) =>
      importedPackages(readFileSync(file, 'utf8'))
        .filter((name) => !declared.has(name))
        .map((name) => `${file}: ${name}`),
    )
    expect(undeclared).toEqual([])
  })
})

test("README's example is the file that runs in examples/test", () => {
  const [, example] = /```ts\n(.*?)```/s.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? []
  expect(example).toBe(readFileSync(join(root, 'examples/sign-a-token.ts'), 'utf8'))
})

describe('Node versions', () => {
  const oldest = ['20.19.0', '22.12.0']

  test('every workspace names the same engines', () => {
    for (const { manifest } of workspaces)
      expect(manifest.engines?.node, manifest.name).toBe('^20.19.0 || >=22.12.0')
  })

  test('nothing in the lock file refuses the oldest versions', () => {
    const lock = readJson('package-lock.json') as {
      packages: Record<string, { engines?: { node?: string }; optional?: boolean }>
    }
    const refusing = Object.entries(lock.packages)
      .filter(([, entry]) => entry.optional !== true) // npm leaves those out where they do not fit
      .map(([path, entry]) => ({ path, node: entry.engines?.node ?? '*' }))
      .filter(({ node }) => !oldest.every((version) => satisfies(version, node)))
    expect(Object.keys(lock.packages).length).toBeGreaterThan(100)
    expect(refusing).toEqual([])
  })
})

/** What the sources may import. A package that is never built serves tests only, so its dev dependencies count. */
function dependenciesOf(manifest: Manifest): string[] {
  const { dependencies, peerDependencies, devDependencies, scripts } = manifest
  return Object.keys({
    ...dependencies,
    ...peerDependencies,
    ...(scripts?.build === undefined && devDependencies),
  })
}

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
}

function importedPackages(source: string): string[] {
  return [...source.matchAll(/(?:\bfrom\s+|\bimport\s+|\bimport\(\s*)'((?:@[\w-]+\/)?[\w.-]+)(?:\/[^']*)?'/g)]
    .map((match) => match[1] ?? '')
    .filter((name) => !name.startsWith('.') && !name.startsWith('node:') && name !== 'node')
}
