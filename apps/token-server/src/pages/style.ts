/** The style sheet of the pages. The contrast of a text is 4.5 or more, and that of a graphic 3, light and dark. */
export const style = `
:root {
  color-scheme: light dark;
  --page: #f5f6f8; --card: #fff; --text: #1c2430; --quiet: #566171; --line: #e2e6ec;
  --accent: #0b5fcc; --on-accent: #fff; --code: #f0f3f7;
  --good: #0a6b3d; --good-back: #e3f5eb; --bad: #a8201a; --bad-back: #fdeceb; --soon: #7a4b00; --soon-back: #fdf2dc;
  --bar-quiet: #7d8998; --bar-soon: #a8730a; --bar-good: #1d7d50;
  --header: #a8201a; --claims: #6b2fb3; --signature: #0a6b3d;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #11151b; --card: #1a2029; --text: #e6eaf0; --quiet: #a3aebc; --line: #2c3542;
    --accent: #7db4ff; --on-accent: #0c1420; --code: #12171e;
    --good: #7fd9ab; --good-back: #12301f; --bad: #ff9f98; --bad-back: #3a1614; --soon: #f2c46d; --soon-back: #33260c;
    --bar-quiet: #7d8998; --bar-soon: #c9993a; --bar-good: #35a873;
    --header: #ff9f98; --claims: #c9a6ff; --signature: #7fd9ab;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
main { max-width: 60rem; margin: 0 auto; padding: 2.5rem 1rem 4rem; }
h1 { margin: 0; font-size: 1.9rem; letter-spacing: -0.015em; }
header { margin-bottom: 1.5rem; }
header p { margin: 0.25rem 0 0; color: var(--quiet); overflow-wrap: anywhere; }
header strong { color: var(--text); font-weight: 600; }
section {
  margin: 0 0 1.25rem; padding: 1.25rem 1.5rem; background: var(--card);
  border: 1px solid var(--line); border-radius: 0.75rem;
}
h2 { margin: 0 0 0.75rem; font-size: 1.15rem; }
h3 { margin: 1.5rem 0 0.5rem; font-size: 1rem; }
h4 { margin: 0 0 0.4rem; font-size: 0.9rem; font-weight: 600; color: var(--quiet); }
section > p { margin: 0 0 0.75rem; }
dl { margin: 0; }
dl div { display: grid; grid-template-columns: 11rem 1fr; gap: 0 1rem; align-items: baseline; padding: 0.45rem 0; }
dl div + div { border-top: 1px solid var(--line); }
dt, .quiet, figcaption, td span { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
dd.code, .token, td code { word-break: break-all; }
dd.code, code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: 0.875rem; }
pre {
  margin: 0 0 0.75rem; padding: 0.85rem 1rem; background: var(--code); border-radius: 0.5rem;
  white-space: pre-wrap; overflow-wrap: anywhere;
}
a { color: var(--accent); text-underline-offset: 0.2em; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
ul.plain, ol.keys { margin: 0; padding: 0; list-style: none; }
ul.plain li { padding: 0.3rem 0; overflow-wrap: anywhere; }
ul.plain li > span:not(.badge) { display: block; color: var(--quiet); font-size: 0.9rem; }
ol.keys li { padding: 0.6rem 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
ol.keys p { margin: 0; }
.badge {
  display: inline-block; padding: 0.05rem 0.6rem; border-radius: 1rem;
  font-size: 0.85rem; font-weight: 600; background: var(--code); color: var(--text);
}
.notice { margin: 0 0 0.75rem; padding: 0.6rem 1rem; border-radius: 0.5rem; font-weight: 600; }
.good { background: var(--good-back); color: var(--good); }
.bad { background: var(--bad-back); color: var(--bad); }
.soon { background: var(--soon-back); color: var(--soon); }
form p { margin: 0 0 0.75rem; }
.fields { display: grid; grid-template-columns: repeat(3, 1fr) auto; gap: 0.75rem; align-items: end; margin-bottom: 1rem; }
label { display: block; font-size: 0.9rem; color: var(--quiet); }
input {
  display: block; width: 100%; margin-top: 0.2rem; padding: 0.5rem 0.65rem; font: inherit;
  color: var(--text); background: var(--page); border: 1px solid var(--quiet); border-radius: 0.4rem;
}
button {
  padding: 0.5rem 0.9rem; font: inherit; font-weight: 600; cursor: pointer;
  color: var(--on-accent); background: var(--accent); border: 1px solid var(--accent); border-radius: 0.4rem;
}
button.forge, button[data-copy] { color: var(--accent); background: transparent; }
.buttons { display: flex; flex-wrap: wrap; gap: 0.6rem; margin-bottom: 1rem; }
.token .header, table.header caption { color: var(--header); }
.token .claims, table.claims caption { color: var(--claims); }
.token .signature, p.signature { color: var(--signature); }
.parts { display: grid; grid-template-columns: 1fr 1fr; gap: 1.5rem; align-items: start; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; }
caption { text-align: left; font-weight: 600; }
th, td { padding: 0.35rem 0.5rem 0.35rem 0; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
th { width: 6.5rem; font-weight: 600; font-size: 0.9rem; }
tr + tr > * { border-top: 1px solid var(--line); }
td span { display: block; font-size: 0.85rem; }
dl.figures { display: grid; grid-template-columns: repeat(5, 1fr); gap: 0.75rem; margin-bottom: 1rem; }
dl.figures div { display: block; padding: 0; border: 0; }
dl.figures dt { font-size: 0.85rem; }
dl.figures dd { font-size: 1.35rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.charts { display: grid; grid-template-columns: 1fr 1fr; gap: 1.25rem; }
figure { margin: 0; }
figure svg { display: block; width: 100%; }
.charts svg { height: 5.5rem; background: var(--code); border-radius: 0.4rem; fill: var(--accent); }
polyline { fill: none; stroke-width: 2; stroke-linecap: round; vector-effect: non-scaling-stroke; }
.p50 { stroke: var(--bar-good); }
.p99 { stroke: var(--bar-soon); }
figcaption { font-size: 0.85rem; margin-top: 0.3rem; }
.timeline { background: var(--code); border-radius: 0.4rem; }
.timeline line { stroke: var(--bad); stroke-width: 1.5; }
.timeline + figcaption { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; margin-bottom: 0.5rem; }
rect.announced { fill: var(--bar-soon); }
rect.active { fill: var(--bar-good); }
rect.retiring { fill: var(--bar-quiet); }
.legend i { display: inline-block; width: 0.8rem; height: 0.6rem; margin: 0 0.25rem 0 0.6rem; }
i.p50 { background: var(--bar-good); }
i.p99 { background: var(--bar-soon); }
i.announced { background: var(--bar-soon); }
i.active { background: var(--bar-good); }
i.retiring { background: var(--bar-quiet); }
.legend i.now { width: 2px; height: 0.9rem; background: var(--bad); vertical-align: middle; }
.line { margin-bottom: 1rem; }
.line pre { white-space: normal; overflow-x: auto; overflow-wrap: normal; margin-bottom: 0.4rem; }
.line pre span { white-space: nowrap; }
@media (max-width: 46rem) {
  .fields, .parts, .charts { grid-template-columns: 1fr; }
  dl.figures { grid-template-columns: repeat(2, 1fr); }
}
@media (max-width: 36rem) {
  main { padding-top: 1.5rem; }
  section { padding: 1rem; }
  dl div { grid-template-columns: 1fr; }
}
`
