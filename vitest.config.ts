import { defineConfig } from 'vitest/config'

// Tests run the sources: every package's exports name them under this condition, so nothing has to be built first.
const conditions = ['@sealwright/source']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: [
      '{packages,apps}/*/test/**/*.test.ts',
      '{benchmarks,examples}/test/**/*.test.ts',
      'test/**/*.test.ts',
    ],
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
})
