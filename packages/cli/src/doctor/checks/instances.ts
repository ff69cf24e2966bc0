import { fetchJson } from '../../net/fetch-json.ts'
import { shownUrl } from '../../net/fetch-text.ts'
import { finding, type Finding } from '../report/finding.ts'
import { skipped, step, type Step } from '../report/step.ts'
import { expected } from './expected.ts'
import { comparedKeysOf, type ComparedKey, type PublishedSet } from './jwk-set.ts'

/** Enough connections to reach several servers behind a load balancer. */
const requests = 8

/**
 * Reads the JWK Set again, through the load balancer and from each instance, and compares the keys and their kids.
 *
 * @param instances their URLs; the path of the JWK Set is that of the first answer
 */
export async function examineInstances(
  set: PublishedSet | null,
  instances: readonly string[],
): Promise<Step> {
  if (set === null) return skipped('instances', 'there is no JWK Set to compare')
  const { url, body } = set.answer
  const known = comparedKeysOf(body)
  const answers = await Promise.all([
    ...Array.from({ length: requests }, () => keysAt(url, false)),
    ...instances.map((instance) => keysAt(atInstance(url, instance), true)),
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

/** The JWK Set of one instance. A path such as `//host/jwks`, resolved as a reference, would lead to another host. */
function atInstance({ pathname, search }: URL, instance: string): URL {
  const url = new URL(instance)
  url.pathname = pathname
  url.search = search
  return url
}

type Answer = { readonly where: string } & (
  { readonly keys: readonly ComparedKey[] } | { readonly problem: string }
)

async function keysAt(url: URL, anyHttp: boolean): Promise<Answer> {
  const where = shownUrl(url)
  try {
    // A new connection, which may lead to another instance. An instance itself may be without TLS behind its proxy.
    const { body } = await fetchJson(url.href, 'the JWK Set', { headers: { connection: 'close' }, anyHttp })
    return { where, keys: comparedKeysOf(body) }
  } catch (error) {
    return { where, problem: expected(error).message }
  }
}

function differences(answer: Answer, known: readonly ComparedKey[]): readonly Finding[] {
  const { where } = answer
  if ('problem' in answer) return [finding('instance-unavailable', where, answer.problem)]
  const { keys } = answer
  const missing = withoutThoseOf(keys, known)
  const extra = withoutThoseOf(known, keys)
  const changed = missing.filter((kid) => extra.includes(kid))
  const parts = [
    ...part('lacks', withoutNames(missing, changed)),
    ...part('has also', withoutNames(extra, changed)),
    ...part('has another key as', changed),
  ]
  if (parts.length === 0) return []
  return [
    finding('instances-differ', where, `one answer ${parts.join(' and ')}, in comparison with the first one`),
  ]
}

/** The kids of the keys that the others do not have, each once. */
function withoutThoseOf(others: readonly ComparedKey[], keys: readonly ComparedKey[]): readonly string[] {
  const different = keys.filter(
    ({ where, thumbprint }) =>
      !others.some((other) => other.where === where && other.thumbprint === thumbprint),
  )
  return [...new Set(different.map(({ where }) => where))]
}

function withoutNames(names: readonly string[], others: readonly string[]): readonly string[] {
  return names.filter((name) => !others.includes(name))
}

function part(verb: string, kids: readonly string[]): readonly string[] {
  return kids.length === 0 ? [] : [`${verb} ${kids.join(', ')}`]
}
