#!/usr/bin/env node
// In the package before it is built, so that npm can link it. Old versions of Node can parse it, and say what is wrong.
var version = process.versions.node.split('.').map(Number)
var isSupported =
  version[0] > 22 || (version[0] === 22 && version[1] >= 12) || (version[0] === 20 && version[1] >= 19)

if (isSupported) {
  import('../dist/main.js').catch(function (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND' || !/dist.main\.js/.test(error.message)) throw error
    fail('is not built; run npm run build')
  })
} else {
  fail('needs Node 20.19, 22.12 or newer; this is Node ' + process.versions.node)
}

function fail(message) {
  process.stderr.write('keyvault-emulator: ' + message + '\n')
  process.exitCode = 1
}
