/** A message between the primary and a worker. */
export type Message =
  /** Expects no answer. */
  | { readonly kind: 'tell'; readonly topic: string; readonly data?: unknown }
  | { readonly kind: 'ask'; readonly topic: string; readonly number: number; readonly data?: unknown }
  | { readonly kind: 'answer'; readonly number: number; readonly data?: unknown; readonly error?: string }

/** Milliseconds until a question times out. */
const defaultTimeout = 2_000

interface Question {
  readonly answered: (data: unknown) => void
  readonly failed: (error: Error) => void
  readonly timer: NodeJS.Timeout
}

/** Questions and answers over the IPC channel of a process. Both ends have one. */
export class Channel {
  readonly #send: (message: Message) => void
  readonly #handlers = new Map<string, (data: unknown) => unknown>()
  readonly #questions = new Map<number, Question>()
  #lastNumber = 0

  /** @param send must not throw, and may lose a message when the other end is gone */
  constructor(send: (message: Message) => void) {
    this.#send = send
  }

  /** Handles the messages and questions of the other end. The answer to a question is the result of the handler. */
  on(topic: string, handler: (data: unknown) => unknown): void {
    this.#handlers.set(topic, handler)
  }

  tell(topic: string, data?: unknown): void {
    this.#send({ kind: 'tell', topic, data })
  }

  /** Rejects when the other end does not answer in time, or cannot. */
  ask(topic: string, data?: unknown, timeout: number = defaultTimeout): Promise<unknown> {
    const number = ++this.#lastNumber
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#questions.delete(number)
        reject(new Error(`no answer about ${topic} within ${timeout} ms`))
      }, timeout)
      this.#questions.set(number, { answered: resolve, failed: reject, timer })
      this.#send({ kind: 'ask', topic, number, data })
    })
  }

  /** Handles a message of the other end. Other code uses the same IPC channel; its messages are ignored. */
  receive(message: unknown): void {
    if (!isMessage(message)) return
    if (message.kind === 'answer') this.#settle(message)
    else void this.#handle(message)
  }

  /** The other end is gone: nothing that was asked will be answered. */
  close(): void {
    for (const number of this.#questions.keys()) this.#settle({ number, error: 'the process has ended' })
  }

  #settle({
    number,
    data,
    error,
  }: {
    readonly number: number
    readonly data?: unknown
    readonly error?: string
  }): void {
    const question = this.#questions.get(number)
    if (question === undefined) return
    this.#questions.delete(number)
    clearTimeout(question.timer)
    if (error === undefined) question.answered(data)
    else question.failed(new Error(error))
  }

  async #handle(message: Exclude<Message, { kind: 'answer' }>): Promise<void> {
    const { kind, topic, data } = message
    const handler = this.#handlers.get(topic)
    if (kind === 'tell') {
      handler?.(data)
      return
    }
    const { number } = message
    try {
      if (handler === undefined) throw new Error(`there is no ${topic} here`)
      this.#send({ kind: 'answer', number, data: await handler(data) })
    } catch (error) {
      this.#send({ kind: 'answer', number, error: error instanceof Error ? error.message : String(error) })
    }
  }
}

function isMessage(value: unknown): value is Message {
  return (
    typeof value === 'object' &&
    value !== null &&
    'kind' in value &&
    (value.kind === 'tell' || value.kind === 'ask' || value.kind === 'answer')
  )
}
