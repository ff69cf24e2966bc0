import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

const fenced = /^( *)(```|~~~)[^]*?^\1\2/gm
const link = /\]\(([^()\s]*(?:\([^()\s]*\)[^()\s]*)*)\)/g

/** The anchors of a Markdown page, as GitHub makes them of its headings, and those of `<a id>`. */
function anchorsOf(page) {
  const anchors = new Set()
  for (const [, text] of page.replaceAll(fenced, '').matchAll(/^#{1,6} (.*)$/gm)) {
    const slug = text
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .trim()
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
      .replaceAll(' ', '-')
    let anchor = slug
    for (let count = 1; anchors.has(anchor); count++) anchor = `${slug}-${count}`
    anchors.add(anchor)
  }
  for (const [, id] of page.matchAll(/<a id="([^"]+)">/g)) anchors.add(id)
  return anchors
}

/** The links of a page to files and headings of the repository that are not there. */
export function deadLinks(file, page = readFileSync(file, 'utf8')) {
  const text = page.replaceAll(fenced, '').replaceAll(/`[^`\n]*`/g, '')
  const targets = [...text.matchAll(link)].map(([, target]) => target)
  return [...new Set(targets)].filter((target) => !/^[a-z]+:/.test(target) && isDead(file, page, target))
}

/**
 * A page with each link to `#name-1` changed to `#name`, where only that exists. typedoc-plugin-markdown counts headings of
 * different levels together.
 */
export function mendAnchors(file, page = readFileSync(file, 'utf8')) {
  let mended = page
  for (const target of deadLinks(file, page)) {
    const shorter = target.replace(/-\d+$/, '')
    if (!isDead(file, page, shorter)) mended = mended.replaceAll(`](${target})`, `](${shorter})`)
  }
  return mended
}

function isDead(file, page, target) {
  const [path = '', anchor] = decodeURIComponent(target).split('#')
  const other = path === '' ? file : resolve(dirname(file), path)
  if (!existsSync(other)) return true
  if (anchor === undefined) return false
  const readme = statSync(other).isDirectory() ? resolve(other, 'README.md') : other
  if (!readme.endsWith('.md')) return false
  return !existsSync(readme) || !anchorsOf(other === file ? page : readFileSync(readme, 'utf8')).has(anchor)
}
