'use strict'
// Says in one line that Node is too old, where newer code would fail with a syntax error. Written for old versions of
// Node, so nothing here is newer than ES5.

/** Whether a version of Node is in `^20.19 || >=22.12`, as in every package.json. */
function isSupported(version) {
  var parts = version.split('.')
  var major = Number(parts[0])
  var minor = Number(parts[1])
  return (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22
}

function checkNode(command) {
  if (isSupported(process.versions.node)) return
  process.stderr.write(
    command + ': needs Node 20.19, 22.12 or newer; this is Node ' + process.versions.node + '\n',
  )
  process.exit(1)
}

module.exports = { isSupported: isSupported, checkNode: checkNode }
