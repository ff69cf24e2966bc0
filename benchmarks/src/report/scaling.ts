import type { Row } from '../measuring/measure.ts'
import { alignTable, formatRate } from './table.ts'

/** A machine of so many cores, all of them for token servers. */
export interface Scale {
  readonly cores: number
  readonly instances: number
  readonly tokensPerSec: number
}

/**
 * What servers can reach on so many cores. One instance takes requests on one thread, its main one, and signs on others. So
 * there must be as many instances as their main threads need of the cores, and then only processor time counts.
 *
 * @param cpu for one token, in microseconds
 */
export function scale({ main, others }: NonNullable<Row['cpu']>, cores: number): Scale {
  const instances = Math.max(1, Math.ceil((cores * main) / (main + others)))
  return { cores, instances, tokensPerSec: Math.min(instances / main, cores / (main + others)) * 1e6 }
}

const coreCounts = [1, 2, 4, 8, 16]

/** A table computed from what one instance on all cores was measured to take; empty where processor time is not known. */
export function scalingTable(rows: readonly Row[]): string {
  const measured = rows.flatMap(({ alg, mode, cpu }) =>
    mode === wholeMachine && cpu !== undefined ? [{ alg, cpu }] : [],
  )
  if (measured.length === 0) return ''
  const lines = coreCounts.map((cores) => [
    String(cores),
    ...measured.flatMap(({ cpu }) => {
      const { tokensPerSec, instances } = scale(cpu, cores)
      return [formatRate(roundTo(tokensPerSec, 2)), String(instances)]
    }),
  ])
  const head = ['cores', ...measured.flatMap(({ alg }) => [`${alg}, tokens per second`, 'instances'])]
  return [
    'Computed, not measured: from the processor time that one instance took for a token.',
    alignTable([head, ...lines], 0),
    vaultLimits,
  ].join('\n\n')
}

const vaultLimits = `With the key in Azure Key Vault it is the vault's quota that counts, however many cores and instances there are: 400
tokens per second with P-256 and RSA-2048, 100 with RSA-3072, 50 with RSA-4096, and half of each in an HSM.`

/** The row that the table is computed from. */
export const wholeMachine = '1 instance'

function roundTo(value: number, digits: number): number {
  return Number(value.toPrecision(digits))
}
