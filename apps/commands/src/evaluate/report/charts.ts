import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";

/** Readable on white and on black. Text and axes take the page's own colour. */
const COLOURS = [
  "#2f80d8",
  "#d9772a",
  "#1f9d82",
  "#a366c9",
  "#c2554f",
  "#8a8f98",
  "#b08d1c",
  "#d45fa0",
  "#5d8f2e",
  "#3ea3b8",
];
const INK = "currentColor";
const WIDTH = 330;
const HEIGHT = 230;

const CONFIG: NonNullable<TopLevelSpec["config"]> = {
  background: "transparent",
  font: "system-ui, 'DejaVu Sans', sans-serif",
  view: { stroke: INK, strokeOpacity: 0.25 },
  axis: {
    labelColor: INK,
    titleColor: INK,
    domainColor: INK,
    tickColor: INK,
    gridColor: INK,
    gridOpacity: 0.12,
    labelFontSize: 11,
    titleFontSize: 12,
    titleFontWeight: "normal",
  },
  legend: {
    labelColor: INK,
    titleColor: INK,
    labelFontSize: 11,
    titleFontSize: 11,
    titleFontWeight: "normal",
    orient: "bottom",
    columns: 1,
    titleLimit: 0,
    labelLimit: 300,
    symbolOpacity: 1,
    symbolBaseFillColor: INK,
    symbolBaseStrokeColor: INK,
  },
  range: { category: COLOURS },
};

/** Renders a chart to SVG that carries all of its data and needs no script. */
export async function renderChart(spec: TopLevelSpec): Promise<string> {
  const view = new View(parse(compile({ ...spec, config: CONFIG }).spec), { renderer: "none" });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

export interface PsnrPoint {
  readonly strategy: string;
  readonly precision: string;
  readonly density: number;
  readonly psnr: number;
  /** Standard deviation; 0 for a single picture. */
  readonly spread: number;
}

/** PSNR over density, a curve for each strategy and precision, with the standard deviation over pictures. */
export function psnrChart(points: readonly PsnrPoint[]): TopLevelSpec {
  const strategies = [...new Set(points.map(({ strategy }) => strategy))];
  const precisions = [...new Set(points.map(({ precision }) => precision))];
  const y = { type: "quantitative", title: "PSNR in dB", scale: { zero: false } } as const;
  const precision = { field: "precision", type: "nominal", title: "precision" } as const;
  return {
    width: WIDTH,
    height: HEIGHT,
    data: {
      values: points.map((point) => ({
        ...point,
        low: point.psnr - point.spread,
        high: point.psnr + point.spread,
      })),
    },
    encoding: {
      x: {
        field: "density",
        type: "quantitative",
        title: "density (executed pairs / all)",
        // A little beyond the last, so that its mark is whole. Masks made anew may cost more than dense attention.
        scale: { domain: [0, Math.max(1, ...points.map(({ density }) => density)) + 0.03] },
      },
      color: {
        field: "strategy",
        type: "nominal",
        title: "strategy",
        scale: { domain: strategies },
      },
    },
    layer: [
      {
        mark: { type: "rule", strokeWidth: 1.5, opacity: 0.45 },
        encoding: { y: { field: "low", ...y }, y2: { field: "high" } },
      },
      {
        mark: { type: "line", strokeWidth: 2 },
        encoding: {
          y: { field: "psnr", ...y },
          strokeDash: { ...precision, scale: { domain: precisions } },
        },
      },
      {
        mark: { type: "point", size: 55, filled: true, opacity: 1 },
        encoding: {
          y: { field: "psnr", ...y },
          shape: { ...precision, scale: { domain: precisions } },
        },
      },
    ],
  };
}

export interface ParetoPoint {
  /** "paro 0.3, int8" */
  readonly name: string;
  /** Median of dense attention time / attention time. */
  readonly speedup: number;
  readonly psnr: number;
  /** Whether none other is both faster and closer to dense. */
  readonly best: boolean;
}

/** PSNR over the speedup of attention, every point with its name, and a line through the best ones. */
export function paretoChart(points: readonly ParetoPoint[]): TopLevelSpec {
  const x = { field: "speedup", type: "quantitative", title: "speedup of attention" } as const;
  const y = { field: "psnr", type: "quantitative", title: "PSNR in dB" } as const;
  const scale = { zero: false, nice: true, padding: 16 };
  return {
    width: 2 * WIDTH,
    height: 1.4 * HEIGHT,
    data: { values: [...points] },
    encoding: { x: { ...x, scale }, y: { ...y, scale } },
    layer: [
      {
        transform: [{ filter: "datum.best" }],
        mark: {
          type: "line",
          interpolate: "step-before",
          strokeWidth: 1.5,
          opacity: 0.6,
          color: COLOURS[0]!,
        },
      },
      {
        mark: { type: "point", size: 60, opacity: 1, filled: true },
        encoding: {
          color: {
            field: "best",
            type: "nominal",
            title: null,
            scale: { domain: [true, false], range: [COLOURS[0]!, COLOURS[5]!] },
            legend: null,
          },
        },
      },
      {
        mark: { type: "text", align: "left", baseline: "middle", dx: 7, fontSize: 11, color: INK },
        encoding: { text: { field: "name", type: "nominal" } },
      },
    ],
  };
}

export interface OrderCount {
  readonly layer: number;
  readonly order: string;
  readonly heads: number;
}

/** How many heads of each layer have each order. */
export function orderChart(
  counts: readonly OrderCount[],
  { orders }: { readonly orders: readonly string[] },
): TopLevelSpec {
  return {
    width: WIDTH,
    height: 150,
    data: { values: [...counts] },
    mark: { type: "bar", stroke: null },
    encoding: {
      x: { field: "layer", type: "ordinal", title: "layer", axis: { labelAngle: 0 } },
      y: { field: "heads", type: "quantitative", title: "heads", axis: { tickMinStep: 1 } },
      color: {
        field: "order",
        type: "nominal",
        title: "order (the last axis changes fastest)",
        scale: { domain: [...orders] },
      },
    },
  };
}

export interface MaskOverlap {
  /** The plan's name. */
  readonly plan: string;
  /** What the masks of a step are compared with, such as "other prompts". */
  readonly other: string;
  readonly mean: number;
  readonly least: number;
}

/** How much of the blocks that matter stays the same, for each plan and each thing compared with: the mean, and down to the least. */
export function maskShiftChart(values: readonly MaskOverlap[]): TopLevelSpec {
  const plans = [...new Set(values.map(({ plan }) => plan))];
  const others = [...new Set(values.map(({ other }) => other))];
  const scale = { domain: plans };
  return {
    // Names stand where the other charts have numbers.
    width: WIDTH - 50,
    // A strip for each comparison, a line in it for each plan.
    height: others.length * (18 + 14 * plans.length),
    data: { values: [...values] },
    encoding: {
      y: { field: "other", type: "nominal", title: null, sort: others },
      yOffset: { field: "plan", type: "nominal", scale },
      color: { field: "plan", type: "nominal", title: "plan", scale },
    },
    layer: [
      {
        mark: { type: "rule", strokeWidth: 1.5, opacity: 0.45 },
        encoding: {
          x: {
            field: "least",
            type: "quantitative",
            title: "blocks that both keep / that either keeps",
            scale: { domain: [0, 1] },
          },
          x2: { field: "mean" },
        },
      },
      {
        mark: { type: "point", size: 55, filled: true, opacity: 1 },
        encoding: { x: { field: "mean", type: "quantitative" } },
      },
    ],
  };
}

export interface LayerIncoherence {
  readonly layer: number;
  /** Which groups, in which order. */
  readonly groups: string;
  readonly incoherence: number;
}

/** Incoherence of each layer's softmax maps, by groups. */
export function incoherenceChart(values: readonly LayerIncoherence[]): TopLevelSpec {
  const groups = [...new Set(values.map((value) => value.groups))];
  const legend = { title: null, scale: { domain: groups } };
  return {
    width: WIDTH,
    height: HEIGHT,
    data: { values: [...values] },
    encoding: {
      x: { field: "layer", type: "ordinal", title: "layer", axis: { labelAngle: 0 } },
      y: {
        field: "incoherence",
        type: "quantitative",
        title: "maximum / mean",
        scale: { type: "log", nice: true },
        axis: { tickCount: 4 },
      },
      color: { field: "groups", type: "nominal", ...legend },
      // Two curves that lie upon each other must both be seen.
      shape: { field: "groups", type: "nominal", ...legend },
      strokeDash: { field: "groups", type: "nominal", ...legend },
    },
    layer: [
      { mark: { type: "line", strokeWidth: 1.5 } },
      { mark: { type: "point", filled: false, size: 70, strokeWidth: 1.8, strokeDash: [1, 0] } },
    ],
  };
}
