/**
 * Where a text stops being JSON, for a message. `JSON.parse` knows, but what it says differs between versions of Node,
 * lacks the position for half of the mistakes, and quotes the text, which may hold secrets.
 *
 * @param text what `JSON.parse` has refused
 * @returns line and column, both from 1, of the first token that cannot stand where it does
 */
export function jsonErrorPosition(text: string): { line: number; column: number } {
  const before = text.slice(0, errorOffset(text))
  return { line: before.split('\n').length, column: before.length - before.lastIndexOf('\n') }
}

const space = /[ \t\r\n]*/y
/** RFC 8259 §7. */
const string = /"(?:[ !#-[\]-\u{10FFFF}]+|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy
const scalar = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
/** Deeper than any settings are; keeps the recursion below bounded. */
const maximumDepth = 100

/** The grammar of RFC 8259, read without backtracking: where it gets no further is where the mistake is. */
function errorOffset(text: string): number {
  let offset = 0
  let depth = 0

  function take(expected: RegExp): boolean {
    expected.lastIndex = offset
    if (!expected.test(text)) return false
    offset = expected.lastIndex
    space.lastIndex = offset
    space.test(text)
    offset = space.lastIndex
    return true
  }
  const member = (): boolean => take(string) && take(/:/y) && value()
  function list(item: () => boolean, end: RegExp): boolean {
    if (take(end)) return true
    do if (!item()) return false
    while (take(/,/y))
    return take(end)
  }
  function value(): boolean {
    if (take(string) || take(scalar)) return true
    if (++depth > maximumDepth) return false
    const taken = (take(/\{/y) && list(member, /\}/y)) || (take(/\[/y) && list(value, /\]/y))
    depth--
    return taken
  }

  take(/(?:)/y)
  value()
  return offset
}
