/**
 * Text for one line of a terminal. Control characters could move the cursor or begin another line, and the bidirectional
 * controls show text in another order than it has (U+202E: `gpj.exe` as `exe.jpg`). Each is replaced by its code,
 * `<U+202E>`.
 */
export function printable(text: string): string {
  return text.replace(
    /\p{C}|[\u2028\u2029]/gu,
    (character) => `<U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}>`,
  )
}
