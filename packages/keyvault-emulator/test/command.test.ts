import { describe, expect, test } from 'vitest'
import { parseCommand } from '../src/command.ts'

describe('the command line', () => {
  test('with nothing said', () => {
    expect(parseCommand([])).toMatchObject({
      kind: 'start',
      options: { port: 8443, metadataPort: 8444, throttle: false },
    })
  })

  test('with everything said', () => {
    const args =
      '--port 1 --metadata-port 2 --host ::1 --data d --tenant t --recoverable-days 7 --latency 30 --delay 5 ' +
      '--throttle-scale 0.5 --retry-after 1 --identity app:pw=keys:get+sign,certificates:all --identity mi'
    expect(parseCommand(args.split(' '))).toEqual({
      kind: 'start',
      options: {
        port: 1,
        metadataPort: 2,
        host: '::1',
        data: 'd',
        tenantId: 't',
        recoverableDays: 7,
        latency: 30,
        timing: { issuance: 5, deletion: 5, recovery: 5 },
        throttle: { scale: 0.5, retryAfter: 1 },
        identities: [
          {
            clientId: 'app',
            clientSecret: 'pw',
            access: { keys: ['get', 'sign'], certificates: 'all' },
          },
          { clientId: 'mi', clientSecret: undefined, access: 'all' },
        ],
      },
    })
  })

  test('roles of identities, on vaults and on objects', () => {
    const args = ['--identity', 'app:pw', '--role', 'app=Key Vault Reader', '--authorization', 'rbac']
    const more = ['--role', 'app=Key Vault Crypto User@emulator/keys/signing']
    expect(parseCommand([...args, ...more])).toMatchObject({
      options: {
        authorization: 'rbac',
        identities: [
          {
            clientId: 'app',
            clientSecret: 'pw',
            roles: [
              { role: 'Key Vault Reader', scope: undefined },
              { role: 'Key Vault Crypto User', scope: 'emulator/keys/signing' },
            ],
          },
        ],
      },
    })
  })

  test.each([
    ['--help', 'help'],
    ['--version', 'version'],
  ])('%s', (argument, kind) => {
    expect(parseCommand([argument]).kind).toBe(kind)
  })

  test.each([
    [['--bogus'], /bogus/],
    [['--port', 'x'], /--port takes a number/],
    [['--port', ''], /--port takes a number/],
    [['--latency', '-1'], /argument|number/],
    [['--identity', ':x'], /CLIENT_ID/],
    [['--role', 'app'], /CLIENT_ID=ROLE/],
    [['--role', 'app=Key Vault Reader'], /there is no --identity app/],
    [['--authorization', 'none'], /rbac or accessPolicies/],
    [['--identity', 'a=keys:fly'], /keys have no permission fly/],
    [['--identity', 'a=vaults:get'], /unknown collection vaults; use keys, secrets, certificates/],
    [['extra'], /too many arguments/],
  ])('%j is an error for people', (args, message) => {
    expect(() => parseCommand(args)).toThrow(message)
  })

  test('a secret is in no message', () => {
    expect(() => parseCommand(['--identity', 'a:s3cret=keys:fly'])).toThrow(/^(?!.*s3cret)/)
  })
})
