import { readFileSync } from 'node:fs'

/** A step of a walk-through in docs/, in the order of the page. */
export type Step =
  | { readonly kind: 'run'; readonly script: string }
  /** All of the environment that the servers have from now on. */
  | { readonly kind: 'env'; readonly env: Readonly<Record<string, string>> }
  /** What the servers have in their settings file from now on, beside clients and resources. */
  | { readonly kind: 'settings'; readonly settings: Readonly<Record<string, unknown>> }
  /** What is bold in the text. */
  | { readonly kind: 'do'; readonly what: string }

export interface Page {
  /** The shell definitions that its commands need: its first block of shell code. */
  readonly definitions: string
  /** By the heading. */
  readonly walkThroughs: ReadonlyMap<string, readonly Step[]>
}

/**
 * Reads blocks that are marked as `sh run`, `sh env` and `json settings`, and instructions in bold.
 *
 * @param heading what sections begin with
 */
export function readPage(path: string | URL, heading: '## ' | '### ' = '## '): Page {
  const [intro = '', ...sections] = readFileSync(path, 'utf8').split(new RegExp(`^${heading}`, 'm'))
  const definitions = /^```sh\n(.*?)^```$/ms.exec(intro)?.[1] ?? ''
  return {
    definitions,
    walkThroughs: new Map(
      sections.map((section) => {
        const [title = ''] = section.split('\n', 1)
        return [title, stepsOf(section)] as const
      }),
    ),
  }
}

const part = /^ *```(?<type>\w+) (?<mark>run|env|settings)\n(?<code>.*?)^ *```$|\*\*(?<what>[^*]+)\*\*/gms

function stepsOf(section: string): Step[] {
  return [...section.matchAll(part)].map(({ groups = {} }): Step => {
    const { mark, code = '', what = '' } = groups
    switch (mark) {
      case 'run':
        return { kind: 'run', script: code }
      case 'env':
        return { kind: 'env', env: Object.fromEntries(code.trim().split(/\s+/).map(pair)) }
      case 'settings':
        return { kind: 'settings', settings: JSON.parse(code) as Record<string, unknown> }
      default:
        return { kind: 'do', what: what.replace(/\.$/, '').replaceAll(/\s+/g, ' ') }
    }
  })
}

function pair(line: string): [string, string] {
  const [name = '', ...value] = line.split('=')
  return [name, value.join('=')]
}
