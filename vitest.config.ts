import { defineConfig, defaultExclude } from 'vitest/config'

// Tests run the sources: every package's exports name them under this condition, so nothing has to be built first.
const conditions = ['@sealwright/source']

/**
 * Files that replace modules, run a program by importing it, need modules that no other file has loaded, load a library that changes
 * the process (Playwright replaces `process.cwd`), leave timers that end the process, or must be the first to use OpenSSL. The others
 * set back what they change in the process: `test/globals-guard.ts` fails those that do not.
 */
const apart = [
  'apps/token-server/test/pages/browser.test.ts',
  'apps/token-server/test/startup/close-on-signals.test.ts',
  'apps/token-server/test/telemetry/traces.test.ts',
  'examples/test/(key-ring|sign-a-token).test.ts',
  'packages/audit-log/test/writer/durable.test.ts',
  'packages/azure-keyvault/test/errors/misleading.test.ts',
  'packages/cli/test/jobs.test.ts',
  'packages/client-assertions/test/examples/assertion.test.ts',
  'packages/jws/test/(create-signer|create-signer-places|random-id).test.ts',
  'packages/jws/test/pool/(scheduling|signing-pool|signing-pool-start|thread-group).test.ts',
  'packages/keyvault-emulator/test/identity/(authority|managed-identity|managed-identity-imds).test.ts',
  'packages/keyvault-emulator/test/recordings/recordings.test.ts',
  'packages/local-store/test/(key-files|renewing).test.ts',
  'packages/local-store/test/files/(certificate-files|create-file|failing-calls).test.ts',
  'packages/local-store/test/keys/key-writer.test.ts',
  'packages/test-kit/test/tools.test.ts',
  'packages/x509/test/pkcs12/(checks|readers).test.ts',
  'packages/x509/test/time-slices.test.ts',
  'test/secrets-in-errors.test.ts',
]

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    // By default one core is left for the person at the machine, which on two cores doubles the time.
    maxWorkers: '100%',
    maxConcurrency: 8,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    expect: { poll: { timeout: 20_000 } },
    projects: [
      { extends: true, test: { name: 'own modules', include: apart } },
      // Importing the modules of a file takes longer than most of its tests.
      {
        extends: true,
        test: {
          name: 'shared modules',
          isolate: false,
          setupFiles: ['test/globals-guard.ts'],
          exclude: [...defaultExclude, ...apart],
          include: [
            '{packages,apps}/*/test/**/*.test.ts',
            '{benchmarks,examples}/test/**/*.test.ts',
            'test/**/*.test.ts',
          ],
        },
      },
    ],
  },
})
