// Packs every public package, lets publint and attw judge the tarballs, installs them all in a folder outside the
// workspace and loads each entry point as its users will: by import and by require.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { consumerManifest, optionalPeers, publicPackages } from './public-packages.mjs'

const root = resolve(import.meta.dirname, '..')
const bin = (name) => join(root, 'node_modules', '.bin', name)
const run = (command, args, cwd) =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })

run(bin('turbo'), ['run', 'build', '--filter=./packages/*', '--output-logs=errors-only'], root)

const packages = publicPackages(root)

const outside = mkdtempSync(join(tmpdir(), 'sealwright-packages-'))
try {
  const tarballs = packages.map(({ folder, manifest }) => {
    const [packed] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', outside], folder))
    const tarball = join(outside, packed.filename)
    run(bin('publint'), ['run', tarball, '--strict'], root)
    // ESM only: a CommonJS resolution is require() of an ES module, which every supported Node does; it is run below.
    run(bin('attw'), [tarball, '--profile', 'esm-only'], root)
    console.log(`${manifest.name}: publint and attw have no complaint (${packed.entryCount} files)`)
    return tarball
  })

  writeFileSync(join(outside, 'package.json'), JSON.stringify(consumerManifest(root)))
  run('npm', ['install', '--no-audit', '--no-fund', ...tarballs, ...optionalPeers(packages)], outside)
  for (const { manifest } of packages) {
    for (const entry of Object.keys(manifest.exports)) {
      if (entry.endsWith('.json')) continue
      const specifier = JSON.stringify(manifest.name + entry.slice(1))
      const count = 'if (Object.keys(m).length === 0) throw new Error("no exports")'
      run(
        process.execPath,
        ['--input-type=module', '-e', `import * as m from ${specifier}; ${count}`],
        outside,
      )
      run(
        process.execPath,
        ['--input-type=commonjs', '-e', `const m = require(${specifier}); ${count}`],
        outside,
      )
      console.log(`${specifier}: imported and required on Node ${process.versions.node}`)
    }
  }

  // Strictly, with the libraries they come with: of a type that is missing, skipLibCheck makes any.
  checkTypes(['@sealwright/core', '@sealwright/x509'], ['es2023'])
  checkTypes(['@sealwright/x509/pkijs'], ['es2023', 'dom'])
} finally {
  rmSync(outside, { recursive: true, force: true })
}

/** Compiles an import of each entry point with these libraries and Node's types, and nothing else. */
function checkTypes(specifiers, lib) {
  const file = 'types.mts'
  const lines = specifiers.map((specifier, index) => `export * as entry${index} from '${specifier}'\n`)
  writeFileSync(join(outside, file), lines.join(''))
  const compilerOptions = {
    lib,
    target: 'es2023',
    module: 'nodenext',
    types: ['node'],
    typeRoots: [join(root, 'node_modules', '@types')],
    strict: true,
    skipLibCheck: false,
    noEmit: true,
  }
  writeFileSync(join(outside, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }))
  execFileSync(bin('tsc'), ['-p', '.'], { cwd: outside, stdio: 'inherit' })
  console.log(`${specifiers.join(', ')}: types compile with lib ${lib.join(', ')}`)
}
