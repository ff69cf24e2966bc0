// What is mutated, and the tests that must notice. Tests that only repeat others with random or many inputs are left out:
// each mutant would pay for them.
const slowTests = ['**/*fuzz.test.ts', '**/many.test.ts', '**/random-years.test.ts']

/** @type {Readonly<Record<string, { sources: string[], tests: string[], pool?: 'forks' | 'threads', without?: string[] }>>} */
export const targets = {
  core: {
    sources: ['packages/core/src'],
    tests: ['packages/core/test'],
    // Its process runs the text of a function, without the functions that a mutant calls.
    without: ['**/common-names-tls.test.ts', ...slowTests],
  },
  jws: { sources: ['packages/jws/src'], tests: ['packages/jws/test'] },
  // Its tests change the umask, the working directory and the user, which a worker thread cannot.
  'local-store': {
    sources: ['packages/local-store/src'],
    tests: ['packages/local-store/test'],
    pool: 'forks',
    // Its processes run a bundle, in which no mutant is active.
    without: ['packages/local-store/test/processes.test.ts', ...slowTests],
  },
  'azure-keyvault': {
    // What every signature passes through.
    sources: [
      'packages/azure-keyvault/src/requests',
      'packages/azure-keyvault/src/sdk/share-credential.ts',
      'packages/azure-keyvault/src/vault/remote-signer.ts',
    ],
    tests: [
      'packages/azure-keyvault/test/requests',
      'packages/azure-keyvault/test/sdk',
      'packages/azure-keyvault/test/vault',
    ],
    // It simulates a minute of many processes.
    without: ['**/shared-quota.test.ts', ...slowTests],
  },
  keyring: {
    sources: ['packages/keyring/src'],
    tests: ['packages/keyring/test'],
    without: ['packages/keyring/test/processes/**', ...slowTests],
  },
  'audit-log': {
    sources: ['packages/audit-log/src'],
    tests: ['packages/audit-log/test'],
    // One test changes the user of its process, which a worker thread cannot do.
    pool: 'forks',
    without: ['packages/audit-log/test/processes.test.ts', ...slowTests],
  },
  opentelemetry: { sources: ['packages/opentelemetry/src'], tests: ['packages/opentelemetry/test'] },
  x509: {
    sources: ['packages/x509/src/pkcs12', 'packages/x509/src/asn1'],
    tests: ['packages/x509/test/pkcs12', 'packages/x509/test/asn1'],
    // They run other programs.
    without: ['**/readers.test.ts', '**/keytool.test.ts', ...slowTests],
  },
  oauth: {
    sources: ['apps/token-server/src/oauth'],
    tests: [
      'apps/token-server/test/oauth',
      ...[
        'audit/audit',
        'headers/headers',
        'limits/limits',
        'logging/logger',
        'reload/reload',
        'settings/several-keys',
      ].map((name) => `apps/token-server/test/${name}.test.ts`),
      'test/security-corpus/token-endpoint.test.ts',
    ],
  },
  // The other rooms that token requests and API requests pass through.
  'token-server': {
    sources: ['api', 'health', 'http', 'limits', 'logging', 'replay'].map(
      (room) => `apps/token-server/src/${room}`,
    ),
    tests: [
      ...['api', 'health', 'http', 'limits', 'logging', 'replay'].map(
        (room) => `apps/token-server/test/${room}`,
      ),
      'apps/token-server/test/audit/audit.test.ts',
      'apps/token-server/test/oauth/client-assertion.test.ts',
      'test/security-corpus/access-tokens.test.ts',
      'test/security-corpus/http-messages.test.ts',
      'test/security-corpus/token-endpoint.test.ts',
    ],
    // It runs HAProxy in front of several servers.
    without: ['**/behind-haproxy.test.ts', ...slowTests],
  },
}

for (const target of Object.values(targets)) target.without ??= slowTests
