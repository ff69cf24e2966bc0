import helmet from '@fastify/helmet'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { helmetForPages } from '../headers/security-headers.ts'
import { OAuthError } from '../oauth/errors.ts'
import { acceptForms, formOf } from '../oauth/form.ts'
import { clientAddress } from '../proxies/client-address.ts'
import type { Service } from '../service.ts'
import { isLoopback } from '../settings/loopback.ts'
import { contentSecurityPolicy, document } from './document.ts'
import { favicon } from './favicon.ts'
import type { Html } from './html.ts'
import { activity } from './sections/activity.ts'
import { check } from './sections/check.ts'
import { endpoints } from './sections/endpoints.ts'
import { keyRing } from './sections/key-ring.ts'
import { signingKey } from './sections/signing-key.ts'
import { tokenSection } from './sections/token.ts'
import { noTrial, runForm, type Trial } from './token/run-form.ts'

/**
 * The page at `/`: the signing key, the key ring, the life of a token, what the server does now, and its endpoints. It works
 * without a script. With one, the figures stay up to date and text can be copied.
 */
export function page(service: Service): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    const base = app.prefix
    await app.register(helmet, helmetForPages(service.settings.issuer))
    acceptForms(app)
    app.setErrorHandler((error, _request, reply) => {
      // What the form parser refuses. The form of the page does not send it.
      if (error instanceof OAuthError) return reply.code(error.statusCode).send(error.toJSON())
      throw error
    })
    app.addHook('onRequest', async (request, reply) => {
      if (isNamed(service, request.hostname)) return undefined
      return reply.code(421).send({ error: 'misdirected_request' })
    })
    app.get('/', (_request, reply) => answer(reply, render(service, base, noTrial)))
    // The buttons of the page. They use the endpoints of this server with what the form holds, and nothing else.
    app.post('/', async (request, reply) => {
      const site = request.headers['sec-fetch-site']
      if (site !== undefined && site !== 'same-origin') return reply.code(403).send({ error: 'cross_site' })
      const visit = { app, base, address: clientAddress(request), requestId: request.id }
      const trial = await runForm(visit, formOf(request) ?? new Map())
      return answer(reply, render(service, base, trial))
    })
    // The script of the page asks every two seconds.
    app.get('/activity', { logLevel: 'warn' }, (_request, reply) => answer(reply, activity(service)))
    app.get('/favicon.svg', (_request, reply) =>
      reply
        .headers({ 'content-type': 'image/svg+xml', 'cache-control': 'public, max-age=86400' })
        .send(favicon),
    )
  }
}

/**
 * Whether a request names this server by one of its own names. Another site can point its name at this machine (DNS
 * rebinding). Its scripts could then read the page: to a browser it has the same origin.
 */
function isNamed({ issuer }: Service, hostname: string): boolean {
  return isLoopback(hostname) || hostname === new URL(issuer()).hostname
}

function answer(reply: FastifyReply, html: Html): FastifyReply {
  return reply
    .headers({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': contentSecurityPolicy,
      'cache-control': 'no-store',
    })
    .send(html.text)
}

function render(service: Service, base: string, trial: Trial): Html {
  const status = service.ring.status()
  return document({
    base,
    issuer: service.issuer(),
    isReady: status.ready,
    sections: [
      signingKey(service),
      keyRing(service, status),
      tokenSection(service, status, trial),
      activity(service),
      check(service, status),
      endpoints(service, status),
    ],
  })
}
