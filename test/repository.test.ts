import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { satisfies } from 'semver'
import { describe, expect, test } from 'vitest'
import { circlesOfFiles, importedModules, mutualFolders, sourceFiles } from './source-tree.ts'

const root = new URL('..', import.meta.url).pathname

interface Manifest {
  readonly name: string
  readonly private?: boolean
  readonly bin?: Readonly<Record<string, string>>
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
  '@sealwright/x509': ['@sealwright/core', '@peculiar/webcrypto', 'asn1js', 'ipaddr.js', 'pkijs'],
  '@sealwright/jws': ['@sealwright/core'],
  '@sealwright/audit-log': ['@sealwright/core', '@sealwright/jws'],
  '@sealwright/client-assertions': ['@sealwright/core', '@sealwright/jws'],
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
  '@sealwright/opentelemetry': ['@sealwright/core', '@opentelemetry/api'],
  '@sealwright/local-store': ['@sealwright/core', '@sealwright/x509'],
  '@sealwright/integrations': [
    '@sealwright/core',
    '@sealwright/jws',
    '@sealwright/keyring',
    'jose',
    // What people run: peers, and all of them optional.
    '@fastify/jwt',
    'better-auth',
    'did-jwt',
    'fastify',
    'oidc-provider',
  ],
  // The oracle's tests use it, too: nothing of the project's own.
  '@sealwright/test-kit': ['@azure/identity', 'vitest', 'vite'],
  '@sealwright/cli': [
    '@sealwright/audit-log',
    '@sealwright/azure-keyvault',
    '@sealwright/core',
    '@sealwright/jws',
    '@sealwright/keyring',
    '@sealwright/local-store',
    '@sealwright/x509',
    '@bomb.sh/tab',
    '@clack/prompts',
    'commander',
    'jose',
    'picocolors',
  ],
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
    const undeclared = sourceFiles(join(root, folder, 'src')).flatMap((file) =>
      importedPackages(readFileSync(file, 'utf8'))
        .filter((name) => !declared.has(name))
        .map((name) => `${file}: ${name}`),
    )
    expect(undeclared).toEqual([])
  })
})

const ordered = [...workspaces.map(({ folder }) => folder), 'benchmarks']

describe.each(ordered)('the files of %s', (folder) => {
  const inFolder = (name: string): string => join(root, folder, name)
  const src = sourceFiles(inFolder('src'))
  const all = [...src, ...sourceFiles(inFolder('test'))]

  test('do not import each other in circles, not even for types', () => {
    expect(circlesOfFiles(inFolder(''), all)).toEqual([])
  })

  test('are in folders that do not import each other both ways', () => {
    expect(mutualFolders(inFolder('src'), src)).toEqual([])
  })

  test('are at most 12 in a folder', () => {
    const count = (name: string): number => src.filter((file) => dirname(file) === name).length
    const full = [...new Set(src.map(dirname))].filter((name) => count(name) > 12)
    expect(full.map((name) => relative(root, name))).toEqual([])
  })

  test('have at most 350 lines', () => {
    const long = src.filter((file) => readFileSync(file, 'utf8').trimEnd().split('\n').length > 350)
    expect(long.map((file) => relative(root, file))).toEqual([])
  })
})

describe.each(workspaces.filter(({ manifest }) => manifest.private !== true))(
  'the published package $folder',
  ({ folder, manifest }) => {
    test('begins its README with the line that installs it', () => {
      const [, line] = /^```sh\n(.*)$/m.exec(readFileSync(join(root, folder, 'README.md'), 'utf8')) ?? []
      expect(line).toMatch(new RegExp(`^npm install (?:--[a-z-]+ )?${manifest.name}(?: |$)`))
    })

    test('has what npm shows and what a release needs', () => {
      expect(manifest).toMatchObject({
        version: expect.stringMatching(/^\d+\.\d+\.\d+$/) as unknown,
        license: 'MIT',
        keywords: expect.arrayContaining([expect.any(String)]) as unknown,
        homepage: `https://github.com/sealwright/sealwright/tree/main/${folder}`,
        bugs: 'https://github.com/sealwright/sealwright/issues',
        repository: { directory: folder },
        publishConfig: { access: 'public' },
        files: expect.arrayContaining(['dist', 'src', 'CHANGELOG.md']) as unknown,
      })
      expect(readFileSync(join(root, folder, 'LICENSE'))).toEqual(readFileSync(join(root, 'LICENSE')))
    })

    test('has commands that are there before a build, so that npm links them', () => {
      for (const [command, path] of Object.entries(manifest.bin ?? {})) {
        const launcher = readFileSync(join(root, folder, path), 'utf8')
        const shape = readFileSync(join(root, 'packages/cli/bin/sealwright.js'), 'utf8')
        expect(launcher).toBe(shape.replaceAll('sealwright', command))
      }
    })
  },
)

test('the files that CONTRIBUTING.md sends its readers to are there', () => {
  const [, table = ''] =
    /^## Where to make a change$(.*?)^## /ms.exec(readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8')) ?? []
  const paths = table.split('\n').flatMap((line) => {
    const [first = '', ...inside] = [...(line.split('|')[2] ?? '').matchAll(/`([^`]+)`/g)].map(
      ([, path]) => path ?? '',
    )
    return first === '' ? [] : [first, ...inside.map((path) => join(first, path))]
  })
  expect(paths.length).toBeGreaterThanOrEqual(10)
  expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([])
})

test('every decision has a number of its own, which its title repeats, and a line in the index', () => {
  const folder = join(root, 'docs/decisions')
  const index = readFileSync(join(folder, 'README.md'), 'utf8')
  const names = readdirSync(folder).filter((name) => name !== 'README.md')
  const numbers = names.map((name) => {
    const text = readFileSync(join(folder, name), 'utf8')
    const [, number, title] = /^# (\d{4}) (.*)/.exec(text) ?? []
    expect(number, name).toBe(name.slice(0, 4))
    const row = index.split('\n').find((line) => line.startsWith(`| ${number ?? ''} `)) ?? ''
    expect(row).toContain(`[${title ?? ''}](${name})`)
    for (const [later] of text.matchAll(/(?<=^(?:Changed|Superseded) by )\[\d{4}\]/gm))
      expect(row).toContain(later)
    return number
  })
  expect(numbers.filter((number, at) => numbers.indexOf(number) !== at)).toEqual([])
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

/** The names of the packages that a source imports, without those of Node. */
function importedPackages(source: string): string[] {
  return importedModules(source)
    .filter((name) => !name.startsWith('.') && !name.startsWith('node:'))
    .map((name) => name.split('/', name.startsWith('@') ? 2 : 1).join('/'))
}
