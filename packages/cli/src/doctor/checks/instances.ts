import { fetchJson } from '../../net/fetch-json.ts'
import { finding, type Finding } from '../report/finding.ts'
import { skipped, step, type Step } from '../report/step.ts'
import { expected } from './expected.ts'
import { kidsOf, type PublishedSet } from './jwk-set.ts'

/** Enough connections to reach several servers behind a load balancer. */
const requests = 8

/**
 * Reads the JWK Set again, through the load balancer and from each instance, and compares the kids.
 *
 * @param instances their URLs; the path of the JWK Set is that of the first answer
 */
export async function examineInstances(
  set: PublishedSet | null,
  instances: readonly string[],
): Promise<Step> {
  if (set === null) return skipped('instances', 'there is no JWK Set to compare')
  const { url, body } = set.answer
  const known = new Set(kidsOf(body))
  const answers = await Promise.all([
    ...Array.from({ length: requests }, () => kidsAt(url.href, false)),
    ...instances.map((instance) => kidsAt(new URL(url.pathname + url.search, instance).href, true)),
  ])
  const findings = answers.flatMap((answer) => differences(answer, known))
  const different = findings.filter(
    ({ where, what }, index) =>
      findings.findIndex((each) => each.where === where && each.what === what) === index,
  )
  const also =
    instances.length === 0 ? '' : ` and from ${instances.length} instance${instances.length === 1 ? '' : 's'}`
  return step('instances', `read ${requests} times${also}`, different)
}

type Answer = { readonly href: string } & (
  { readonly kids: readonly string[] | null } | { readonly problem: string }
)

async function kidsAt(href: string, anyHttp: boolean): Promise<Answer> {
  try {
    // A new connection, which may lead to another instance. An instance itself may be without TLS behind its proxy.
    const { body } = await fetchJson(href, 'the JWK Set', { headers: { connection: 'close' }, anyHttp })
    return { href, kids: kidsOf(body) }
  } catch (error) {
    return { href, problem: expected(error).message }
  }
}

function differences(answer: Answer, known: ReadonlySet<string>): readonly Finding[] {
  const { href } = answer
  if ('problem' in answer) return [finding('instance-unavailable', href, answer.problem)]
  const kids = new Set(answer.kids ?? [])
  const missing = [...known].filter((kid) => !kids.has(kid))
  const extra = [...kids].filter((kid) => !known.has(kid))
  if (missing.length === 0 && extra.length === 0) return []
  const parts = [
    ...(missing.length === 0 ? [] : [`lacks ${missing.join(', ')}`]),
    ...(extra.length === 0 ? [] : [`has also ${extra.join(', ')}`]),
  ]
  return [
    finding('instances-differ', href, `one answer ${parts.join(' and ')}, in comparison with the first one`),
  ]
}
