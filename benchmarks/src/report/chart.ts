import type { Row } from '../measuring/measure.ts'

const labelWidth = 190
const barWidth = 520
const lineHeight = 22
const colours = { own: '#1f6feb', other: '#8c959f', text: '#1f2328', limit: '#cf222e' }

/** Bars of `ratioToLimit`, by algorithm, as SVG. The limit itself is the line at 1. */
export function drawChart(rows: readonly Row[]): string {
  const shown = rows.filter((row) => row.ratioToLimit !== null && row.ratioToBestPeer !== null)
  const lines: string[] = []
  let y = 34
  for (const alg of new Set(shown.map((row) => row.alg))) {
    lines.push(text(8, y + 15, alg, 'font-weight="bold"'))
    y += lineHeight
    for (const row of shown.filter((each) => each.alg === alg)) {
      const ratio = row.ratioToLimit ?? 0
      const width = Math.round(ratio * barWidth)
      const colour = row.name === 'sealwright' ? colours.own : colours.other
      lines.push(
        text(20, y + 15, `${row.name}, ${row.mode}`),
        `<rect x="${labelWidth}" y="${y + 3}" width="${width}" height="${lineHeight - 6}" fill="${colour}"/>`,
        text(labelWidth + width + 6, y + 15, ratio.toFixed(2)),
      )
      y += lineHeight
    }
    y += 8
  }
  const right = labelWidth + barWidth
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${right + 60}" height="${y}" font-family="sans-serif" font-size="13">`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    text(8, 20, 'Tokens per second, one after the other, as a share of what OpenSSL signs (red line)'),
    ...lines,
    `<line x1="${right}" y1="30" x2="${right}" y2="${y - 4}" stroke="${colours.limit}"/>`,
    '</svg>\n',
  ].join('\n')
}

function text(x: number, y: number, content: string, attributes = ''): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return `<text x="${x}" y="${y}" fill="${colours.text}" ${attributes}>${escaped}</text>`
}
