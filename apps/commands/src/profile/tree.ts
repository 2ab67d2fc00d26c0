import type { Span } from "@paroattn/pipelines";

/** A span and those within its time. */
export interface SpanNode {
  readonly span: Span;
  readonly parts: readonly SpanNode[];
}

interface OpenNode extends SpanNode {
  readonly parts: OpenNode[];
}

/** Spans, in the order in which they ended, as trees: a span stands in the smallest one that its time lies in. */
export function nestSpans(spans: readonly Span[]): SpanNode[] {
  const roots: OpenNode[] = [];
  const open: OpenNode[] = [];
  // From the outermost in; of two with the same times the one that was told last is outside.
  const ordered = [...spans]
    .reverse()
    .sort((a, b) => a.start - b.start || b.end - a.end)
    .map((span): OpenNode => ({ span, parts: [] }));
  for (const node of ordered) {
    while (open.length > 0 && open.at(-1)!.span.end < node.span.end) open.pop();
    (open.at(-1)?.parts ?? roots).push(node);
    open.push(node);
  }
  return roots;
}
