import type { Finding } from './finding.ts'
import type { Step } from './step.ts'

/** For people: each step, then each finding with what to do. */
export function linesOf(steps: readonly Step[], findings: readonly Finding[]): readonly string[] {
  return [
    ...steps.map(({ status, name, summary }) => `${status.padEnd(8)} ${name.padEnd(13)} ${summary}`),
    ...findings.flatMap(({ severity, id, where, what, why, fix }) => [
      '',
      `${severity}: ${id}: ${where}`,
      `  ${what}`,
      `  why: ${why}`,
      `  fix: ${fix}`,
    ]),
  ]
}
