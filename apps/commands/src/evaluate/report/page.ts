import { nameOf } from "../combinations.js";
import {
  formatAccuracy,
  formatBytes,
  formatMotion,
  formatShare,
  formatSpeedup,
  formatSpread,
} from "../format.js";
import type { EvaluationLine, Spread } from "../summary.js";
import { type Html, html, inlineJson, trusted } from "./html.js";
import { DIFFERENCE_GAIN, type ShownSubject } from "./pictures.js";
import { STYLE } from "./style.js";

export interface Chart {
  readonly svg: string;
  readonly caption: string;
  /** Whether it takes a row of its own. */
  readonly wide?: boolean;
}

export interface PageContent {
  readonly noun: "picture" | "video";
  readonly lines: readonly EvaluationLine[];
  readonly charts: readonly Chart[];
  readonly subjects: readonly ShownSubject[];
  /** Of all prompts with a seed; `subjects` may be the first few. */
  readonly subjectCount: number;
  /** What ran on what: names and values, in order. */
  readonly facts: readonly (readonly [string, string])[];
  readonly commandLine: string;
}

/** The report's page. It needs nothing but the folder of pictures beside it. */
export function renderPage(content: PageContent): string {
  const { noun, lines, charts, subjects, subjectCount, facts, commandLine } = content;
  const { prompts, seeds, pictures } = lines[0]!;
  const of = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Attention strategies compared</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
<h1>Attention strategies compared</h1>
<p>${of(prompts.length, "prompt")} with ${of(seeds.length, "seed")}: ${of(pictures, noun)} for each row. The reference of every ${noun} is
the one that dense FP32 attention draws from the same prompt and seed, drawn right beside it.</p>
<pre>${commandLine}</pre>
${table(lines)}
${costs(lines)}
<p class="muted">Mean ± standard deviation over ${noun}s. Density: executed query-key pairs / all of them. PSNR over 8-bit RGB${noun === "video" ? ", the squared error pooled over frames" : ""}; “same”: every ${noun} equals the
dense one byte by byte${partlySame(lines)}. Cosine and relative L1: of values from -1 to 1, so that mid-grey weighs nearly nothing. Captions: share that the caption checker finds in the ${noun}, for prompts that it can read (in brackets: in the dense ${noun}). Attention:
self-attention, front and kernel. Loop: the denoising loop. Both as the median speedup over the dense FP32 runs that were drawn beside, and in seconds; a simulated precision
has the numbers of its arithmetic but not its speed, so none is told. Incoherence: maximum / mean of the 64×64 tiles of the softmax map, in the row's own token orders.
Dense steps: share of attention that was answered with dense attention. Control: what a strategy does beside the attention that it answers with (masks, drafts, statistics, further
passes, work on the host), as a share of dense attention time, in a run of its own that waits around it; what orders and masks cost within attention is attention time. Kept: most bytes from one
${noun === "video" ? "site to another. Motion: mean distance in pixels between the objects of the video and those of the dense one, and from the way that the caption names, over videos of which it can be told." : "site to another."}</p>
<h2>Curves</h2>
<div class="charts">
${charts.map(
  ({
    svg,
    caption,
    wide = false,
  }) => html`<figure class="${wide ? "wide" : "narrow"}">${trusted(svg)}<figcaption>${caption}</figcaption></figure>
`,
)}</div>
<h2>${noun === "video" ? "Videos" : "Pictures"}</h2>
<p>Dense, the strategy in question, and the absolute difference of the two, ${DIFFERENCE_GAIN} times enlarged.${
    subjects.length < subjectCount
      ? ` The first ${subjects.length} of ${subjectCount} are shown; the numbers are over all.`
      : ""
  }</p>
${subjects.map((subject, index) => pictureSection(subject, { noun, open: index === 0 }))}
<h2>What ran on what</h2>
<dl>
${facts.map(
  ([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>
`,
)}</dl>
<details><summary>Prompts</summary>
<pre>${prompts.join("\n")}</pre></details>
<script type="application/json" id="lines">${inlineJson(lines)}</script>
</body>
</html>
`.html;
}

function partlySame(lines: readonly EvaluationLine[]): string {
  const partly = lines.some(
    ({ psnr, pictures }) => psnr.identical > 0 && psnr.identical < pictures,
  );
  return partly ? "; rows where only some do leave those out of the mean and say how many" : "";
}

function table(lines: readonly EvaluationLine[]): Html {
  return html`<div class="scroll"><table>
<thead><tr><th>strategy</th><th>density</th><th>precision</th><th>PSNR dB</th><th>SSIM</th><th>cosine</th><th>relative L1</th><th>captions</th><th>attention</th><th>loop</th><th>incoherence</th></tr></thead>
<tbody>
${lines.map(
  (
    line,
  ) => html`<tr><th scope="row">${nameOf(line)}</th><td>${line.densityMet.mean.toFixed(3)}</td><td>${precisionCell(line)}</td><td>${psnrCell(line)}</td><td>${cell(line.ssim, 4)}</td><td>${cell(line.cosine, 4)}</td><td>${cell(line.relativeL1, 4)}</td><td>${formatAccuracy(line.captionAccuracy)} <span class="spread">(${formatAccuracy(line.denseCaptionAccuracy)})</span></td><td>${timeCell(line, "attention")}</td><td>${timeCell(line, "loop")}</td><td>${cell(line.incoherence.tiles, 1)}</td></tr>
`,
)}</tbody></table></div>`;
}

/** What the first table has no room for. */
function costs(lines: readonly EvaluationLine[]): Html {
  const moves = lines.some(({ motionError }) => motionError !== null);
  const header = [
    "dense steps",
    "control",
    "kept",
    ...(moves ? ["motion px", "motion, caption px"] : []),
  ];
  const row = (line: EvaluationLine) => [
    formatShare(line.denseShare.mean),
    formatShare(line.controlOverhead),
    formatBytes(line.cacheBytes),
    ...(moves
      ? [
          formatMotion(line.motionError, line),
          `${formatMotion(line.captionMotionError, line)} (${formatMotion(line.denseCaptionMotionError, line)})`,
        ]
      : []),
  ];
  return html`<div class="scroll costs"><table>
<thead><tr><th>strategy</th><th>precision</th>${header.map((name) => html`<th>${name}</th>`)}</tr></thead>
<tbody>
${lines.map(
  (
    line,
  ) => html`<tr><th>${nameOf(line)}</th><td>${line.precision}</td>${row(line).map((text) => html`<td>${text}</td>`)}</tr>
`,
)}</tbody></table></div>`;
}

function cell({ mean, spread }: Spread, digits: number): Html {
  if (spread === null) return html`${mean.toFixed(digits)}`;
  return html`${mean.toFixed(digits)} <span class="spread">± ${spread.toFixed(digits)}</span>`;
}

function precisionCell({ precision, simulated }: EvaluationLine): Html {
  return simulated ? html`${precision} <span class="spread">simulated</span>` : html`${precision}`;
}

function psnrCell({ psnr, pictures }: EvaluationLine): Html {
  const { mean, spread, identical } = psnr;
  if (mean === null) return html`same`;
  const same =
    identical > 0 ? html` <span class="spread">(${identical} of ${pictures} same)</span>` : html``;
  return html`${cell({ mean, spread }, 2)}${same}`;
}

function timeCell(line: EvaluationLine, of: "attention" | "loop"): Html {
  if (line.simulated) return html`–`;
  const { mean, spread } = of === "attention" ? line.attentionMs : line.loopMs;
  const seconds = formatSpread(
    { mean: mean / 1000, spread: spread === null ? null : spread / 1000 },
    2,
  );
  return html`${formatSpeedup(line, of)} <span class="spread">${seconds} s</span>`;
}

function pictureSection(
  subject: ShownSubject,
  { noun, open }: Pick<PageContent, "noun"> & { readonly open: boolean },
): Html {
  const { prompt, seed, denseRight, size, combinations } = subject;
  const image = (name: string, title: string) =>
    html`<figure><a href="pictures/${name}"><img src="pictures/${name}" alt="${title}" width="${size.width}" height="${size.height}" loading="lazy"></a><figcaption>${title}</figcaption></figure>`;
  const differing = combinations.filter(({ pair }) => pair.psnr !== null);
  const same = combinations.filter(({ pair }) => pair.psnr === null).map(({ name }) => name);
  const cards = differing.map(
    ({
      name,
      pair,
      picture,
      dense,
      difference,
    }) => html`<div class="card"><div class="three">${image(dense, "dense")}${image(picture, name)}${image(difference, `difference ×${DIFFERENCE_GAIN}`)}</div>
<p class="muted">${pair.psnr!.toFixed(2)} dB, SSIM ${pair.ssim.toFixed(3)}${verdict(pair.captionRight)}</p></div>
`,
  );
  const sameNote = same.length === 0 ? "" : ` The dense ${noun}, byte by byte: ${same.join("; ")}.`;
  return html`<details${open ? trusted(" open") : ""}><summary>“${prompt}”, seed ${seed}</summary>
<p class="muted">Dense${verdict(denseRight) || " fp32"}.${sameNote}</p>
<div class="cards">
${cards}</div></details>
`;
}

function verdict(right: boolean | null): string {
  if (right === null) return "";
  return right ? ", caption right" : ", caption wrong";
}
