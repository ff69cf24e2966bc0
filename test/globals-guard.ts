import { afterAll, vi } from 'vitest'

// The files of the project "shared modules" run one after the other in one process. What one leaves behind breaks those after it, whose
// errors do not name it. So each file is checked after its own hooks.

const members: readonly (readonly [string, object, readonly string[]])[] = [
  ['', globalThis, ['Date', 'performance', 'fetch', 'crypto', 'console', 'process', 'queueMicrotask']],
  ['', globalThis, ['setTimeout', 'setInterval', 'setImmediate']],
  ['', globalThis, ['clearTimeout', 'clearInterval', 'clearImmediate']],
  ['Date.', Date, ['now']],
  ['Math.', Math, ['random']],
  ['performance.', performance, ['now']],
  ['console.', console, ['debug', 'error', 'info', 'log', 'warn']],
  ['process.', process, ['cwd', 'emitWarning', 'exit', 'exitCode', 'kill', 'nextTick']],
]

const before = members.flatMap(([prefix, owner, names]) =>
  names.map((name) => ({
    owner,
    name,
    shown: `${prefix}${name}`,
    value: Reflect.get(owner, name) as unknown,
  })),
)
const environment = { ...process.env }
const folder = process.cwd()

afterAll(() => {
  const changed = [
    ...before
      .filter(({ owner, name, value }) => Reflect.get(owner, name) !== value)
      .map(({ shown }) => shown),
    ...changedVariables(),
    ...(process.cwd() === folder ? [] : ['the working directory']),
  ]
  if (changed.length === 0) return
  setBack()
  throw new Error(
    `this file does not set back ${changed.join(', ')}; do so in afterEach or onTestFinished, since other files run after it in its process`,
  )
})

/** Their names only: a value may be a secret. */
function changedVariables(): string[] {
  return Object.keys({ ...environment, ...process.env })
    .filter((name) => process.env[name] !== environment[name])
    .map((name) => `process.env.${name}`)
}

/** So that no other file fails. */
function setBack(): void {
  vi.useRealTimers()
  for (const { owner, name, value } of before) Reflect.set(owner, name, value)
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name]
  Object.assign(process.env, environment)
  process.chdir(folder)
}
