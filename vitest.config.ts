import { defineConfig, defaultExclude } from 'vitest/config'

// Tests run the sources: every package's exports name them under this condition, so nothing has to be built first.
const conditions = ['@sealwright/source']

/** Packages whose tests leave no state behind: their files share one set of modules, which saves a minute. */
const shared = [
  'packages/(core|x509)/test/**/*.test.ts',
  'packages/local-store/test/!(contract|processes).test.ts',
  'packages/local-store/test/(files|find|keys|layouts)/**/*.test.ts',
  'packages/keyring/test/!(processes|ring)/**/*.test.ts',
  'packages/keyring/test/ring/!(real-stores).test.ts',
  'packages/azure-keyvault/test/requests/**/*.test.ts',
  'packages/azure-keyvault/test/vault-uri.test.ts',
  'packages/cli/test/commands/(ca|complete|revoke|token).test.ts',
  'packages/cli/test/commands/cert/convert.test.ts',
  'packages/cli/test/doctor/**/*.test.ts',
  'packages/cli/test/(mistakes|run).test.ts',
  'benchmarks/test/(report|load)/**/*.test.ts',
]

/** The same for servers in this process: importing one and its clients takes longer than the tests. Files that change the environment are left out. */
const servers = [
  'packages/keyvault-emulator/test/(certificates|keys|managed-hsm|secrets|service|vault)/**/*.test.ts',
  'packages/keyvault-emulator/test/identity/!(authority|managed-identity*).test.ts',
  'packages/client-assertions/test/clients/*.test.ts',
  'apps/token-server/test/(api|check-config|health|http|jwt|moving|oauth|pages|reload|settings)/**/*.test.ts',
  'packages/integrations/test/**/*.test.ts',
  'test/security-corpus/**/*.test.ts',
]

/** Files that replace modules, or ask the OpenSSL of a process that nothing else has used. */
const apart = [
  'packages/x509/test/time-slices.test.ts',
  'packages/x509/test/pkcs12/checks.test.ts',
  'packages/x509/test/pkcs12/readers.test.ts',
  'packages/local-store/test/(key-files|renewing).test.ts',
  'packages/local-store/test/files/(certificate-files|create-file|failing-calls).test.ts',
  'packages/local-store/test/keys/key-writer.test.ts',
]

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    // By default one core is left for the person at the machine, which on two cores doubles the time.
    maxWorkers: '100%',
    testTimeout: 30_000,
    hookTimeout: 30_000,
    expect: { poll: { timeout: 20_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'shared modules',
          isolate: false,
          include: shared,
          exclude: [...defaultExclude, ...apart],
        },
      },
      {
        extends: true,
        test: { name: 'shared servers', isolate: false, include: servers },
      },
      {
        extends: true,
        test: {
          name: 'own modules',
          exclude: [...defaultExclude, ...servers, ...shared],
          include: [
            '{packages,apps}/*/test/**/*.test.ts',
            '{benchmarks,examples}/test/**/*.test.ts',
            'test/**/*.test.ts',
          ],
        },
      },
      {
        extends: true,
        test: { name: 'replaced modules', include: apart },
      },
    ],
  },
})
