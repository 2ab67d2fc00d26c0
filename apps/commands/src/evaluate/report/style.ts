/** The page's style: one column, light and dark, wide tables scroll by themselves. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --text: light-dark(#1c1f23, #e6e8eb);
  --muted: light-dark(#5c636b, #9aa2ab);
  --page: light-dark(#ffffff, #15181c);
  --card: light-dark(#f5f6f8, #1e2227);
  --line: light-dark(#d8dce1, #363c44);
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 72rem; padding: 1.25rem 1rem 4rem;
  background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
}
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; padding-top: .75rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
p { max-width: 46rem; margin: .5rem 0; }
.muted, figcaption, caption { color: var(--muted); font-size: .9rem; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: .4rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .875rem; }
th, td { padding: .35rem .5rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
tbody tr:last-child > * { border-bottom: 0; }
thead th { background: var(--card); font-weight: 600; vertical-align: bottom; }
th:first-child { text-align: left; position: sticky; left: 0; background: var(--card); }
tbody > tr > * { vertical-align: top; }
td .spread { color: var(--muted); display: block; font-size: .8rem; }
.charts { display: grid; gap: 1.5rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); }
.charts .wide { grid-column: 1 / -1; }
.charts .wide svg { max-width: 50rem; }
.costs { margin-top: .75rem; }
figure { margin: 0; }
figure svg { display: block; width: 100%; max-width: 34rem; height: auto; }
figcaption { margin-top: .35rem; }
.cards { display: grid; gap: .8rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 26rem), 1fr)); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .4rem; padding: .5rem; }
.card p { margin: .3rem 0 0; }
.three { display: grid; grid-template-columns: repeat(3, 1fr); gap: .4rem; }
.three img { width: 100%; height: auto; display: block; border-radius: .2rem; outline: 1px solid var(--line); }
.three figcaption { margin-top: .15rem; font-size: .8rem; line-height: 1.3; color: var(--text); }
summary { cursor: pointer; font-weight: 600; margin: 1rem 0 .5rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1rem; margin: .5rem 0; font-size: .9rem; }
dt { color: var(--muted); }
dd { margin: 0; overflow-wrap: anywhere; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: .4rem; padding: .6rem .8rem; font-size: .85rem; white-space: pre-wrap; overflow-wrap: anywhere; margin: .5rem 0; }
@media (max-width: 34rem) {
  body { padding: 1rem .75rem 3rem; }
  th:first-child { white-space: normal; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: .5rem; }
}
`;
