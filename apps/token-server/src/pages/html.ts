/** HTML that is safe to insert into a page. */
export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** A template tag. Values are escaped unless they are {@link Html}; null is nothing, and lists are joined. */
export function markup(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(parts.map((part, index) => part + render(values[index] ?? null)).join(''))
}

type HtmlValue = string | Html | readonly Html[] | null

function render(value: HtmlValue): string {
  if (value === null) return ''
  if (value instanceof Html) return value.text
  return typeof value === 'string' ? escape(value) : value.map(render).join('')
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '')
}
