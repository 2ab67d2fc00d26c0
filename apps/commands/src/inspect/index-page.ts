import type { App } from "../app.js";
import { describeBucket, formatPercent } from "./describe.js";
import type { InspectedHead, InspectedStep } from "./results.js";
import type { InspectionSubject } from "./subject.js";

/** Marks a page of ours, so that no other one is written over. */
export function generatorOf({ name }: Pick<App, "name">): string {
  return `<meta name="generator" content="${name} inspect">`;
}

/** A head's numbers, and its small picture beside the large one; names are relative to the page. */
export interface IndexedHead extends InspectedHead {
  readonly thumbnail: string;
}

/**
 * The page over all pictures: layers downwards, heads to the right, each a small mask with its numbers that leads to the
 * large picture. One file without scripts, opened from disk.
 */
export function indexPage(options: {
  readonly app: App;
  readonly subject: InspectionSubject;
  readonly step: InspectedStep;
  readonly bucket: Parameters<typeof describeBucket>[0];
  /** By layer, then head. */
  readonly heads: readonly IndexedHead[];
}): string {
  const { app, subject, step, bucket, heads } = options;
  const { plan } = subject;
  const layers = new Map<number, IndexedHead[]>();
  for (const head of heads) layers.set(head.layer, [...(layers.get(head.layer) ?? []), head]);
  const mean = (pick: (head: InspectedHead) => number) =>
    heads.reduce((sum, head) => sum + pick(head), 0) / heads.length;
  const prompt = step.prompt === "" ? "(no prompt)" : `“${escapeHtml(step.prompt)}”`;
  const facts: readonly (readonly [string, string])[] = [
    ["Step", `${step.step} (0 to ${step.steps - 1}), timestep ${round(step.timestep)}`],
    ["Seed", String(step.seed)],
    ["Tokens", `${step.layout}, ${step.blocks} × ${step.blocks} blocks`],
    ["Masks for", describeBucket(bucket)],
    ["Plan", `density ${plan.density.asked} over all steps`],
    ["Density here", formatPercent(mean(({ density }) => density))],
    ["Kept mass here", formatPercent(mean(({ keptMass }) => keptMass))],
    ["Orders", countOrders(heads)],
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${generatorOf(app)}
<title>What PARO sees: ${prompt}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>What PARO sees</h1>
<p class="prompt">${prompt}</p>
<dl>${facts.map(([name, value]) => `<div><dt>${name}</dt><dd>${escapeHtml(value)}</dd></div>`).join("")}</dl>
<p>Each square is a head's attention map in the plan's order, a pixel a block: kept blocks in colour, the brighter the more
attention they hold; dropped ones grey, the darker the more. <em>Density</em> is what is computed, <em>kept</em> the share of the
softmax mass in it. A picture opens the head in every order, with scores and scales.</p>
${[...layers].map(([layer, row]) => layerSection(layer, row)).join("\n")}
</main>
</body>
</html>
`;
}

function layerSection(layer: number, heads: readonly IndexedHead[]): string {
  return `<section>
<h2>Layer ${layer}</h2>
<ul>
${heads.map(headItem).join("\n")}
</ul>
</section>`;
}

function headItem(head: IndexedHead): string {
  const { layer, chosen, density, keptMass } = head;
  const alt = `Mask of layer ${layer}, head ${head.head}, over its map in order ${chosen}`;
  return `<li><a href="${head.file}"><img src="${head.thumbnail}" alt="${alt}" loading="lazy">
<span class="name">Head ${head.head} <b>${chosen}</b></span>
<span>density ${formatPercent(density)}</span>
<span>kept ${formatPercent(keptMass)}</span></a></li>`;
}

function countOrders(heads: readonly InspectedHead[]): string {
  const counts = new Map<string, number>();
  for (const { chosen } of heads) counts.set(chosen, (counts.get(chosen) ?? 0) + 1);
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([order, count]) => `${order} ${count}`)
    .join(", ");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escapeHtml(text: string): string {
  return text
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/"/g, "&quot;");
}

const STYLE = `
:root { color-scheme: light dark; --page: #f4f4f1; --card: #fff; --line: #d5d5d0; --ink: #1c1c1c; --faint: #5c5c5c; --accent: #b8380a; }
@media (prefers-color-scheme: dark) {
  :root { --page: #16171a; --card: #212327; --line: #3a3d42; --ink: #ececea; --faint: #a9abad; --accent: #ff9d70; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 1200px; margin: 0 auto; padding: 24px 16px 48px; }
h1 { margin: 0; font-size: 26px; line-height: 1.2; }
h2 { margin: 28px 0 8px; font-size: 18px; }
p { max-width: 46em; }
.prompt { margin: 8px 0 16px; font-size: 18px; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(170px, 1fr)); gap: 8px 16px; margin: 0; }
dt { color: var(--faint); font-size: 14px; }
dd { margin: 0; }
ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(108px, 220px)); gap: 10px; margin: 0; padding: 0; list-style: none; }
li a { display: block; height: 100%; padding: 8px; border: 1px solid var(--line); border-radius: 8px; background: var(--card); color: inherit; font-size: 14px; line-height: 1.45; text-decoration: none; }
li a:hover, li a:focus-visible { border-color: var(--accent); outline: 1px solid var(--accent); }
li span { display: block; color: var(--faint); font-variant-numeric: tabular-nums; }
li .name { color: var(--ink); }
b { color: var(--accent); }
img { display: block; width: 100%; aspect-ratio: 1; margin-bottom: 6px; border-radius: 3px; image-rendering: pixelated; }
@media (max-width: 420px) { ul { grid-template-columns: repeat(3, 1fr); gap: 6px; } li a { padding: 5px; font-size: 13px; } }
`;
