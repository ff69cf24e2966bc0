/** The forms that a secret can have in an answer, a log or an error. */
function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  const form = new URLSearchParams({ '': secret }).toString().slice(1)
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    form,
    encodeURIComponent(secret),
    ...base64Of(bytes),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    // As a Buffer is logged.
    [...bytes].join(','),
    // Nor may the parts of a JWT or of a PEM appear alone.
    ...secret.split(/[\s.]/).filter((part) => part.length > 20),
  ]
}

/** In base64 and base64url, at each of the three places in a longer text, without the characters that its neighbours change. */
function base64Of(bytes: Buffer): readonly string[] {
  return [0, 1, 2].flatMap((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '')
    const own = text.slice(before === 0 ? 0 : before + 1, -1)
    return [own, own.replaceAll('+', '-').replaceAll('/', '_')]
  })
}

/** The secrets that some texts contain in any form. */
export function secretsIn(texts: Iterable<string>, secrets: readonly string[]): readonly string[] {
  const all = [...texts].join('\n')
  return secrets.filter((secret) => formsOf(secret).some((form) => all.includes(form)))
}
