/** The problem with a text that is not JSON, with line and column from 1. */
export interface JsonProblem {
  readonly line: number
  readonly column: number
  readonly message: string
}

/**
 * Reads the text by the grammar of RFC 8259. `JSON.parse` is no help here: its message differs between versions of Node,
 * often lacks the position, and quotes the text, which may contain secrets.
 *
 * @returns the first problem; null for JSON without duplicate members
 */
export function findJsonProblem(text: string): JsonProblem | null {
  const { offset, message } = new Reader(text).read()
  if (message === null) return null
  const before = text.slice(0, offset)
  return {
    line: before.split('\n').length,
    column: before.length - before.lastIndexOf('\n'),
    message,
  }
}

const space = /[ \t\r\n]*/y
/** RFC 8259 §7. Each text matches in only one way, so an unterminated string costs no more than others. */
const string = /"[ !#-[\]-\u{10FFFF}]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[ !#-[\]-\u{10FFFF}]*)*"/uy
const scalar = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const end = /$/y
/** Deeper than settings and tokens are; bounds the recursion. */
const maximumDepth = 100

class Reader {
  readonly #text: string
  #offset = 0
  #depth = 0
  #message: string | null = null

  constructor(text: string) {
    this.#text = text
  }

  read(): { offset: number; message: string | null } {
    this.#take(/(?:)/y)
    const isValid = this.#value() && this.#take(end)
    const message = this.#message ?? 'not JSON from here on; look for a missing or extra comma or quote'
    return { offset: this.#offset, message: isValid ? null : message }
  }

  /** Moves past the match of the expression and the white space after it. It never moves back. */
  #take(expected: RegExp): boolean {
    expected.lastIndex = this.#offset
    if (!expected.test(this.#text)) return false
    this.#offset = expected.lastIndex
    space.lastIndex = this.#offset
    space.test(this.#text)
    this.#offset = space.lastIndex
    return true
  }

  #value(): boolean {
    if (this.#take(string) || this.#take(scalar)) return true
    if (++this.#depth > maximumDepth) return this.#fail('nested too deep')
    const names = new Set<string>()
    const isTaken = this.#take(/\{/y)
      ? this.#list(() => this.#member(names), /\}/y)
      : this.#take(/\[/y) && this.#list(() => this.#value(), /\]/y)
    this.#depth--
    return isTaken
  }

  #list(item: () => boolean, close: RegExp): boolean {
    if (this.#take(close)) return true
    do if (!item()) return false
    while (this.#take(/,/y))
    return this.#take(close)
  }

  #member(names: Set<string>): boolean {
    string.lastIndex = this.#offset
    const [text] = string.exec(this.#text) ?? []
    if (text === undefined) return false
    const name = String(JSON.parse(text))
    if (name === '__proto__') return this.#fail('the name "__proto__" is not allowed')
    if (names.has(name)) return this.#fail('this name is already in the same object above')
    names.add(name)
    return this.#take(string) && this.#take(/:/y) && this.#value()
  }

  #fail(message: string): false {
    this.#message ??= message
    return false
  }
}
