'use strict'
// Builds a workspace and runs its main module in this process: node scripts/start.cjs apps/token-server [argument …]
// The build prints nothing unless it fails: what a person sees is what the program prints.
var path = require('path')
var childProcess = require('child_process')
var checkNode = require('./check-node.cjs').checkNode

var root = path.join(__dirname, '..')
var folder = process.argv[2]
var manifest = require(path.join(root, folder, 'package.json'))
checkNode(manifest.name.replace('@sealwright/', ''))

build()
var main = path.join(root, folder, 'dist', 'main.js')
process.argv.splice(1, 2, main)
void import(require('url').pathToFileURL(main).href)

function build() {
  var isTerminal = process.stderr.isTTY
  if (isTerminal) process.stderr.write('Building…')
  var turbo = path.join(root, 'node_modules', '.bin', 'turbo')
  var result = childProcess.spawnSync(
    turbo,
    ['run', 'build', '--filter=' + manifest.name, '--output-logs=errors-only'],
    {
      cwd: root,
      encoding: 'utf8',
      env: Object.assign({}, process.env, { TURBO_TELEMETRY_DISABLED: '1', TURBO_NO_UPDATE_NOTIFIER: '1' }),
    },
  )
  if (isTerminal) process.stderr.write('\r\u001b[K')
  if (result.status === 0) return
  process.stderr.write((result.stdout || '') + (result.stderr || ''))
  if (result.error)
    process.stderr.write('cannot build ' + manifest.name + ': ' + result.error.message + '; run npm ci\n')
  process.exit(1)
}
