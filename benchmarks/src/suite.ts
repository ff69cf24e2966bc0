import type { Plan, Row } from './measuring/measure.ts'

export interface SuiteContext {
  readonly plan: Plan
  /** Whether there is time for what a quick run leaves out. */
  readonly isFull: boolean
  /** Says what is measured now. */
  readonly progress: (what: string) => void
}

/** Measurements that belong together. */
export interface Suite {
  readonly name: string
  readonly title: string
  /** Whether a quick run leaves it out unless it is named. Default no. */
  readonly isOnlyFull?: boolean
  readonly run: (context: SuiteContext) => Promise<Row[]>
  /** Markdown that follows the table: what can be computed from its rows. */
  readonly conclude?: (rows: readonly Row[]) => string
}
