import type { Row } from '../measuring/measure.ts'
import { growthAtLast } from '../measuring/statistics.ts'
import { alignTable } from './table.ts'

/** What was measured on one version of Node. */
export interface Measured {
  readonly node: string
  readonly rows: readonly Row[]
}

/** A goal, and how far it is reached. */
interface Target {
  readonly what: string
  readonly figure: string
  /** The values to show, in order, without those not measured. */
  readonly reached: (rows: readonly Row[]) => readonly Reached[]
}

interface Reached {
  /** Such as `0.92`. */
  readonly text: string
  readonly isMet: boolean
}

const targets: readonly Target[] = [
  {
    what: 'One token ÷ `crypto.sign` alone: ES256, Ed25519',
    figure: '≥ 0.90',
    reached: (rows) =>
      pick(rows, 'jws', 'sync', ['ES256', 'Ed25519']).flatMap(({ ratioToLimit }) =>
        atLeast(0.9, ratioToLimit),
      ),
  },
  {
    what: '… RS256, PS256',
    figure: '≥ 0.97',
    reached: (rows) =>
      pick(rows, 'jws', 'sync', ['RS256', 'PS256']).flatMap(({ ratioToLimit }) =>
        atLeast(0.97, ratioToLimit),
      ),
  },
  {
    what: 'One token ÷ best peer: ES256, Ed25519',
    figure: '≥ 1.05',
    reached: (rows) =>
      pick(rows, 'jws', 'sync', ['ES256', 'Ed25519']).flatMap(({ ratioToBestPeer }) =>
        atLeast(1.05, ratioToBestPeer),
      ),
  },
  {
    what: '… RS256, PS256',
    figure: '≥ 1 within ±',
    reached: (rows) =>
      pick(rows, 'jws', 'sync', ['RS256', 'PS256']).flatMap((row) =>
        atLeast(1 - row.spread, row.ratioToBestPeer),
      ),
  },
  {
    what: '64 and 1,024 at once ÷ best peer: ES256, then Ed25519',
    figure: '≥ 1.3',
    reached: (rows) =>
      pick(rows, 'pool', 'auto', ['ES256 × 64', 'ES256 × 1024', 'Ed25519 × 64', 'Ed25519 × 1024']).flatMap(
        ({ ratioToBestPeer }) => atLeast(1.3, ratioToBestPeer),
      ),
  },
  {
    what: '… RS256, then 64 with 4,096 bits',
    figure: '≥ 1.0',
    reached: (rows) =>
      pick(rows, 'pool', 'auto', ['RS256 × 64', 'RS256 × 1024', 'RS256, 4096 bits × 64']).flatMap(
        ({ ratioToBestPeer }) => atLeast(1, ratioToBestPeer),
      ),
  },
  {
    what: 'Pool ÷ threads that only sign, lowest',
    figure: '≥ 0.90',
    reached: (rows) =>
      lowest(loadedPool(rows).map(({ ratioToLimit }) => ratioToLimit)).flatMap((value) =>
        atLeast(0.9, value),
      ),
  },
  {
    what: 'Main thread for one ES256 token by the pool, 64 and 1,024 at once (counted since Node 23.9)',
    figure: '≤ 2 µs',
    reached: (rows) =>
      pick(rows, 'pool', 'pool', ['ES256 × 64', 'ES256 × 1024']).flatMap(({ cpu }) =>
        cpu === undefined ? [] : atMost(2, cpu.main, 1, ' µs'),
      ),
  },
  {
    what: 'Event loop delay under full pool load, p99, highest',
    figure: '≤ 5 ms',
    reached: (rows) =>
      lowest(loadedPool(rows).map(({ eventLoopDelayP99 }) => -(eventLoopDelayP99 ?? Number.NaN))).flatMap(
        (value) => atMost(5, -value, 1),
      ),
  },
  {
    what: 'Wait for one ES256 token by the default choice ÷ jose',
    figure: '≤ 0.5',
    reached: (rows) => {
      const [own] = pick(rows, 'jws', 'auto', ['ES256'])
      const jose = rows.find(({ suite, alg, name }) => suite === 'jws' && alg === 'ES256' && name === 'jose')
      return own === undefined || jose === undefined ? [] : atMost(0.5, jose.opsPerSec / own.opsPerSec, 2)
    },
  },
  {
    what: 'Vault, share of its quota; errors seen by callers',
    figure: '≥ 0.95; 0',
    reached: (rows) =>
      pick(rows, 'remote', 'remote', ['ES256']).flatMap(({ ratioToLimit, errors = 0 }) => [
        ...atLeast(0.95, ratioToLimit),
        ...atMost(0, errors, 0),
      ]),
  },
  {
    what: 'Token server ÷ oidc-provider (what is possible)',
    figure: '≥ 4',
    reached: (rows) => {
      const [own, peer] = ['token-server', 'oidc-provider'].map((server) =>
        rows.find(({ suite, name, alg }) => suite === 'token-server' && name === server && alg === 'ES256'),
      )
      const possible = peer?.ratioToLimit ?? null
      return atLeast(4, own?.ratioToBestPeer ?? null).map(({ text, isMet }) => ({
        text: possible === null ? text : `${text} (${(1 / possible).toFixed(2)})`,
        isMet,
      }))
    },
  },
  {
    what: 'Through a ring that rotates ÷ one key; by a delegate ÷ its key inline',
    figure: '≥ 0.98; ≥ 0.95',
    reached: (rows) =>
      [
        { name: 'ring that rotates', least: 0.98 },
        { name: 'delegate', least: 0.95 },
      ].flatMap(({ name, least }) => {
        const row = rows.find((each) => each.suite === 'keyring' && each.name === name)
        return atLeast(least, row?.ratioToLimit ?? null)
      }),
  },
  {
    what: 'Token server that rotates every 5 s ÷ one that never does',
    figure: '≥ 0.98',
    reached: (rows) => {
      const row = rows.find(
        ({ suite, alg, mode }) => suite === 'token-server' && alg === 'ES256, rotation' && mode !== 'never',
      )
      return atLeast(0.98, row?.ratioToLimit ?? null)
    },
  },
  {
    what: 'Token server with metrics, and 1 % traces, and an audit log ÷ one with none of them',
    figure: '≥ 0.98',
    reached: (rows) =>
      rows
        .filter(
          ({ suite, alg, mode }) => suite === 'token-server' && alg === 'ES256, telemetry' && mode !== 'off',
        )
        .flatMap(({ ratioToLimit }) => atLeast(0.98, ratioToLimit)),
  },
  {
    what: 'Token server with an audit log ÷ one without',
    figure: '≥ 0.98',
    reached: (rows) => {
      const row = rows.find(
        ({ suite, alg, mode }) =>
          suite === 'token-server' && alg === 'ES256, audit log' && mode === 'audit log',
      )
      return atLeast(0.98, row?.ratioToLimit ?? null)
    },
  },
  {
    what: 'A million tokens, growth of heap and RSS over the second half, highest',
    figure: '≤ 2 %',
    reached: (rows) => {
      const grown = rows.flatMap(({ memory }) =>
        memory === undefined ? [] : [growthAtLast(memory.heap), growthAtLast(memory.resident)],
      )
      return grown.length === 0 ? [] : atMost(2, 100 * Math.max(...grown), 1, ' %')
    },
  },
  {
    what: 'Importing ÷ jose: time, bytes',
    figure: '≤ 1',
    reached: (rows) => {
      const [own, jose] = rows.filter(({ suite }) => suite === 'import')
      if (own?.bytes === undefined || jose?.bytes === undefined) return []
      return [...atMost(1, jose.opsPerSec / own.opsPerSec, 2), ...atMost(1, own.bytes / jose.bytes, 2)]
    },
  },
  {
    what: 'Certificates and PFX files ÷ best peer, lowest',
    figure: '≥ 1',
    reached: (rows) =>
      lowest(
        rows
          .filter(({ suite, name }) => suite === 'x509' && name === 'sealwright')
          .map(({ ratioToBestPeer }) => ratioToBestPeer),
      ).flatMap((value) => atLeast(1, value)),
  },
]

/** What is to be reached, and on each version of Node how far it is; what falls short is bold. */
export function formatSummary(measured: readonly Measured[]): string {
  return alignTable(
    [
      ['what', 'target', ...measured.map(({ node }) => `Node ${node}`)],
      ...targets.map(({ what, figure, reached }) => [
        what,
        figure,
        ...measured.map(({ rows }) =>
          reached(rows)
            .map(({ text, isMet }) => (isMet ? text : `**${text}**`))
            .join(', '),
        ),
      ]),
    ],
    1,
  )
}

/** Sealwright's own rows, in the order of the algorithms. */
function pick(rows: readonly Row[], suite: string, mode: string, algs: readonly string[]): Row[] {
  return algs.flatMap((alg) =>
    rows.filter(
      (row) => row.suite === suite && row.mode === mode && row.alg === alg && row.name === 'sealwright',
    ),
  )
}

/** The pool with enough to do. */
function loadedPool(rows: readonly Row[]): Row[] {
  return rows.filter(({ suite, mode, alg }) => suite === 'pool' && mode === 'pool' && !alg.endsWith('× 1'))
}

/** None of none. */
function lowest(values: readonly (number | null)[]): number[] {
  const known = values.filter((value) => value !== null).filter((value) => !Number.isNaN(value))
  return known.length === 0 ? [] : [Math.min(...known)]
}

/** None where there is no value. What is compared is what is shown. */
function atLeast(bound: number, value: number | null): Reached[] {
  if (value === null) return []
  const text = value.toFixed(2)
  return [{ text, isMet: Number(text) >= bound }]
}

function atMost(bound: number, value: number, digits: number, unit = ''): Reached[] {
  const text = value.toFixed(digits)
  return [{ text: text + unit, isMet: Number(text) <= bound }]
}
