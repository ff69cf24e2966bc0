import type { Finding } from './finding.ts'

/** One step of the examination, as it is reported. */
export interface Step {
  readonly name: StepName
  /** `skipped` where something that it needs was not given or not found. */
  readonly status: 'ok' | 'warning' | 'error' | 'skipped'
  /** What was seen, or why it was skipped. */
  readonly summary: string
  readonly findings: readonly Finding[]
}

/** The steps in their order. */
export type StepName =
  | 'discovery'
  | 'keys'
  | 'caching'
  | 'instances'
  | 'certificates'
  | 'token'
  | 'tampering'
  | 'key'
  | 'permissions'
  | 'rotation'

export function step(name: StepName, summary: string, findings: readonly Finding[]): Step {
  const isError = findings.some(({ severity }) => severity === 'error')
  return { name, status: isError ? 'error' : findings.length > 0 ? 'warning' : 'ok', summary, findings }
}

export function skipped(name: StepName, why: string): Step {
  return { name, status: 'skipped', summary: why, findings: [] }
}
