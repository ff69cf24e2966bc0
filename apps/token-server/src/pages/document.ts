import { createHash } from 'node:crypto'
import { Html, markup } from './html.ts'
import { script } from './script.ts'
import { style } from './style.ts'

/** The style and the script are inline and allowed by their hashes: the elements must contain exactly that text. */
export const contentSecurityPolicy: string = [
  "default-src 'none'",
  `style-src '${hashOf(style)}'`,
  `script-src '${hashOf(script)}'`,
  "connect-src 'self'",
  "img-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}

export interface DocumentParts {
  /** The path of the issuer. */
  readonly base: string
  readonly issuer: string
  readonly isReady: boolean
  readonly sections: readonly Html[]
}

export function document({ base, issuer, isReady, sections }: DocumentParts): Html {
  return markup`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Token server</title>
        <link rel="icon" href="${base}/favicon.svg" />
        ${new Html(`<style>${style}</style>`)}
      </head>
      <body data-base="${base}">
        <main>
          <header>
            <h1>Token server</h1>
            <p>Issues access tokens as <strong>${issuer}</strong></p>
            <p>${isReady ? badge('good', 'ready to sign') : badge('bad', 'cannot sign')}</p>
          </header>
          ${sections}
        </main>
        ${new Html(`<script>${script}</script>`)}
      </body>
    </html>`
}

/** A word on a colour that stresses its meaning. */
export function badge(kind: 'good' | 'bad' | 'soon' | 'quiet', text: string): Html {
  return markup`<span class="badge ${kind}">${text}</span>`
}

/** A row of a list of terms; null for a value that is null. */
export function row(name: string, value: string | Html | null, className = ''): Html | null {
  return value === null ? null : markup`<div><dt>${name}</dt><dd class="${className}">${value}</dd></div>`
}
