/** The style sheet of the pages. */
export const style = `
:root {
  color-scheme: light dark;
  --page: #f5f6f8; --card: #fff; --text: #1c2430; --quiet: #5b6675; --line: #e2e6ec;
  --accent: #0b5fcc; --code: #f0f3f7;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #11151b; --card: #1a2029; --text: #e6eaf0; --quiet: #9aa6b5; --line: #2c3542;
    --accent: #7db4ff; --code: #12171e;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
main { max-width: 52rem; margin: 0 auto; padding: 2.5rem 1rem 4rem; }
h1 { margin: 0; font-size: 1.9rem; letter-spacing: -0.015em; }
header p { margin: 0.25rem 0 1.75rem; color: var(--quiet); overflow-wrap: anywhere; }
header strong { color: var(--text); font-weight: 600; }
section {
  margin: 0 0 1.25rem; padding: 1.25rem 1.5rem; background: var(--card);
  border: 1px solid var(--line); border-radius: 0.75rem;
}
h2 { margin: 0 0 0.75rem; font-size: 1.05rem; }
pre + h2 { margin-top: 1.5rem; }
dl { margin: 0; }
dl div { display: grid; grid-template-columns: 11rem 1fr; gap: 0 1rem; align-items: baseline; padding: 0.45rem 0; }
dl div + div { border-top: 1px solid var(--line); }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
dd.code { word-break: break-all; }
dd.code, code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: 0.875rem; }
pre {
  margin: 0; padding: 0.85rem 1rem; background: var(--code); border-radius: 0.5rem;
  white-space: pre-wrap; overflow-wrap: anywhere;
}
ul { margin: 0; padding: 0; list-style: none; }
li { padding: 0.3rem 0; overflow-wrap: anywhere; }
a { color: var(--accent); text-underline-offset: 0.2em; }
li span { display: block; color: var(--quiet); font-size: 0.9rem; }
@media (max-width: 36rem) {
  main { padding-top: 1.5rem; }
  section { padding: 1rem; }
  dl div { grid-template-columns: 1fr; }
}
`
