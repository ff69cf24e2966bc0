import { runCommand } from './command.ts'
import { importCost } from './suites/import-cost.ts'
import { jws } from './suites/jws.ts'
import { keyring } from './suites/keyring.ts'
import { memory } from './suites/memory.ts'
import { pool } from './suites/pool.ts'
import { remote } from './suites/remote.ts'
import { scaling } from './suites/scaling.ts'
import { tokenServer } from './suites/token-server.ts'
import { x509 } from './suites/x509.ts'

process.exitCode = await runCommand(process.argv.slice(2), {
  suites: [jws, pool, keyring, remote, tokenServer, scaling, x509, importCost, memory],
  plans: {
    quick: { rounds: 7, turns: 10, turn: 5 },
    full: { rounds: 9, turns: 25, turn: 8 },
  },
  places: {
    folder: new URL('../results/', import.meta.url),
    readme: new URL('../README.md', import.meta.url),
    modes: { readme: new URL('../../packages/jws/README.md', import.meta.url), node: '24' },
  },
  print: (line) => console.log(line),
  say: (line) => console.error(line),
})
