#!/usr/bin/env node
// Plain enough for old versions of Node to parse, so that they say what is missing.
var version = process.versions.node.split('.').map(Number)
var supported =
  version[0] > 22 || (version[0] === 22 && version[1] >= 12) || (version[0] === 20 && version[1] >= 19)

if (supported) {
  import('../dist/main.js').catch(function (error) {
    process.stderr.write('keyvault-emulator: not built; run npm run build (' + error.message + ')\n')
    process.exitCode = 1
  })
} else {
  process.stderr.write(
    'keyvault-emulator: Needs Node 20.19, 22.12 or newer; this is ' + process.versions.node + '.\n',
  )
  process.exitCode = 1
}
