import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose'
import { basic, issuer } from './server.ts'

/** Where clients and APIs find the issuer now. */
export interface Front {
  /** A new access token. */
  token(): Promise<string>
  /** The JWK Set, and for how many seconds it may be kept. */
  jwks(): Promise<{ readonly keys: JSONWebKeySet; readonly maxAge: number }>
}

/** Asks a server of this project for a token. */
export async function requestToken(origin: string): Promise<string> {
  const response = await fetch(`${origin}/connect/token`, {
    method: 'POST',
    headers: { authorization: basic('client', 'the secret') },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'api1' }),
  })
  if (response.status !== 200) throw new Error(`${origin} answered ${response.status}`)
  return ((await response.json()) as { access_token: string }).access_token
}

/** Reads the JWK Set of a server of this project. */
export async function requestJwks(origin: string): ReturnType<Front['jwks']> {
  const response = await fetch(`${origin}/.well-known/openid-configuration/jwks`)
  if (response.status !== 200) throw new Error(`${origin} answered ${response.status}`)
  const [, maxAge] = /max-age=(\d+)/.exec(response.headers.get('cache-control') ?? '') ?? []
  return { keys: (await response.json()) as JSONWebKeySet, maxAge: Number(maxAge) }
}

/** An API that keeps the JWK Set for as long as it may, and never looks for an unknown `kid`: the strictest there is. */
class Api {
  readonly #front: Front
  readonly #now: () => number
  #keySet: ReturnType<typeof createLocalJWKSet> | null = null
  #until = -Infinity

  constructor(front: Front, now: () => number) {
    this.#front = front
    this.#now = now
  }

  async verify(jwt: string): Promise<void> {
    const now = this.#now()
    if (this.#keySet === null || now >= this.#until) {
      const { keys, maxAge } = await this.#front.jwks()
      this.#keySet = createLocalJWKSet(keys)
      this.#until = now + maxAge * 1_000
    }
    await jwtVerify(jwt, this.#keySet, { issuer, audience: 'api', currentDate: new Date(now) })
  }
}

/** Clients that get tokens, and APIs that verify new and old ones, from the start until it is stopped. */
export class TokenLoad {
  /** How many tokens were verified. */
  validated = 0
  /** Why others were not, or could not be had, and how often. */
  readonly problems: Map<string, number> = new Map()
  /** The `kid`s of the tokens, and their algorithms, in the order in which they came up. */
  readonly kids: Set<string> = new Set()
  readonly algorithms: Set<string> = new Set()
  readonly #front: Front
  readonly #now: () => number
  readonly #apis: Api[]
  readonly #clients: Promise<void>[]
  #valid: { readonly jwt: string; readonly expires: number }[] = []
  #rounds = 0
  #isOver = false

  /** @param now the time of clients and APIs, in milliseconds */
  constructor(front: Front, now: () => number) {
    this.#front = front
    this.#now = now
    this.#apis = Array.from({ length: 3 }, () => new Api(front, now))
    this.#clients = Array.from({ length: 2 }, () => this.#run())
  }

  /** Waits until clients and APIs have been busy for a while. */
  async some(): Promise<void> {
    const end = this.#rounds + 2
    while (this.#rounds < end) await new Promise((resolve) => setImmediate(resolve))
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#clients)
  }

  #note(problem: string): void {
    this.problems.set(problem, (this.problems.get(problem) ?? 0) + 1)
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      try {
        const jwt = await this.#front.token()
        const { kid = '', alg = '' } = decodeProtectedHeader(jwt)
        this.kids.add(kid)
        this.algorithms.add(alg)
        this.#valid.push({ jwt, expires: (decodeJwt(jwt).exp ?? 0) * 1_000 })
        await this.#verifySome(jwt)
      } catch (error) {
        this.#note(String(error))
      }
      this.#rounds++
    }
  }

  /** The new token, and the oldest that is valid. */
  async #verifySome(jwt: string): Promise<void> {
    const now = this.#now()
    this.#valid = this.#valid.filter(({ expires }) => expires > now)
    for (const token of [jwt, this.#valid[0]?.jwt ?? jwt])
      for (const api of this.#apis) {
        // The clock may have been moved meanwhile.
        if ((decodeJwt(token).exp ?? 0) * 1_000 <= this.#now()) continue
        try {
          await api.verify(token)
          this.validated++
        } catch (error) {
          this.#note(`${decodeProtectedHeader(token).kid}: ${String(error)}`)
        }
      }
  }
}
