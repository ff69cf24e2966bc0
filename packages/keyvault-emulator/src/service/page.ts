import type { ServiceResponse } from '../http/message.ts'
import type { RequestLog } from './request-log.ts'
import type { Vault } from '../vault/vault.ts'

const shownRequests = 50

/** An HTML page without scripts: the vaults, the names of their objects, and the last requests. */
export function overviewPage(vaults: readonly Vault[], requests: RequestLog): ServiceResponse {
  const rows = vaults.map((vault) => {
    const documents = vault.readAll()
    const names = (['key', 'secret', 'certificate'] as const).map((kind) =>
      documents
        .flatMap((document) => document[kind] ?? [])
        .map(({ name, lifecycle }) => (lifecycle.state === 'active' ? name : `${name} (deleted)`)),
    )
    return [vault.name, ...names.map((list) => list.join(', '))]
  })
  const last = requests
    .list()
    .slice(-shownRequests)
    .toReversed()
    .map(({ at, vault, operation, path, outcome }) => [
      new Date(at).toISOString(),
      vault ?? '',
      operation,
      path,
      String(outcome),
    ])
  const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Key Vault emulator</title>
<style>body{font:14px system-ui;margin:2em}table{border-collapse:collapse;margin-bottom:2em}
td,th{border:1px solid #ccc;padding:.3em .6em;text-align:left;vertical-align:top}</style>
<h1>Key Vault emulator</h1>
<h2>Vaults</h2>
${table(['Vault', 'Keys', 'Secrets', 'Certificates'], rows)}
<h2>Last requests</h2>
${table(['Time', 'Vault', 'Operation', 'Path', 'Answer'], last)}
</html>
`
  return {
    status: 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
    },
    body: Buffer.from(page),
    disruption: null,
  }
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return `<table>\n${row('th', head)}\n${rows.map((cells) => row('td', cells)).join('\n')}\n</table>`
}

function row(tag: string, cells: readonly string[]): string {
  return `<tr>${cells.map((cell) => `<${tag}>${escape(cell)}</${tag}>`).join('')}</tr>`
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
