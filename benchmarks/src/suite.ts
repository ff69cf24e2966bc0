import type { Plan, Row } from './measure.ts'

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
  readonly run: (context: SuiteContext) => Promise<Row[]>
}
