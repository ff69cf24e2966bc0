import type { KeyRingStatus } from '@sealwright/keyring'
import type { Service } from '../../service.ts'
import { keyWarnings, settingsWarnings, signingKeys } from '../../checks/warnings.ts'
import { badge } from '../document.ts'
import { markup, type Html } from '../html.ts'

/** What to look at in the settings and the keys. */
export function check(service: Service, status: KeyRingStatus): Html {
  const problems = problemsOf(service, status)
  return markup`<section aria-labelledby="check">
    <h2 id="check">Settings check</h2>
    <p>From <code>${service.settings.file}</code> and the environment.</p>
    <ul class="plain">
      ${problems.length === 0 ? markup`<li>${badge('good', 'ok')} No problems found.</li>` : problems.map(problem)}
    </ul>
  </section>`
}

function problem(text: string): Html {
  return markup`<li>${badge('soon', 'check')} ${text}</li>`
}

function problemsOf({ settings, clock }: Service, status: KeyRingStatus): readonly string[] {
  const found = [...settingsWarnings(settings)]
  if (status.problem !== null) found.push('the keys cannot be read or published now; the log says why')
  if (!status.ready) found.push('the server cannot sign now, or not with every algorithm')
  found.push(...keyWarnings(signingKeys(status), clock()))
  if (settings.clients.size === 0) found.push('the settings have no client, so no token can be issued')
  return found
}
