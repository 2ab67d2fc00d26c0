import { imageLayout, partitionLayout } from "@paroattn/reorder";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BlockMask, maskSvg } from "../src/index.js";
import { masks } from "./arbitraries.js";

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
  text: string;
}

/** Reads the XML that a picture is made of; throws where it is not well-formed. */
function parse(xml: string): Element {
  const root: Element = { name: "", attributes: {}, children: [], text: "" };
  const open = [root];
  const token = /<(\/?)([a-z]+)((?: [a-zA-Z-]+="[^"<&]*")*)(\/?)>|([^<>&]+)/gy;
  while (token.lastIndex < xml.length) {
    const at = token.lastIndex;
    const match = token.exec(xml);
    if (!match) throw new Error(`not well-formed at ${at}: ${xml.slice(at, at + 40)}`);
    const [, closing, name = "", attributes = "", empty, text] = match;
    const top = open.at(-1) as Element;
    if (text !== undefined) top.text += text;
    else if (closing) {
      if (top.name !== name) throw new Error(`</${name}> closes <${top.name}>`);
      open.pop();
    } else {
      const pairs = [...attributes.matchAll(/ ([a-zA-Z-]+)="([^"]*)"/g)];
      const element = {
        name,
        attributes: Object.fromEntries(pairs.map(([, key, value]) => [key, value])),
        children: [],
        text: "",
      };
      top.children.push(element);
      if (!empty) open.push(element);
    }
  }
  if (open.length !== 1 || root.children.length !== 1) throw new Error("not one whole element");
  return root.children[0] as Element;
}

/** Every square of the picture as [live, level], read off its paths; throws where one is drawn twice or not at all. */
function squares(svg: string, keyBlocks: number, queryBlocks: number) {
  const cells: ([number, number] | undefined)[] = new Array(keyBlocks * queryBlocks).fill(
    undefined,
  );
  for (const { name, attributes } of parse(svg).children) {
    if (name !== "path" || attributes["data-live"] === undefined) continue;
    const d = attributes.d as string;
    const runs = [...d.matchAll(/M(\d+) (\d+)h(\d+)v1h-(\d+)z/g)];
    expect(runs.map(([run]) => run).join("")).toBe(d);
    for (const [, x, y, width, back] of runs) {
      expect(back).toBe(width);
      for (let key = Number(x); key < Number(x) + Number(width); key++) {
        expect(key).toBeLessThan(keyBlocks);
        const cell = Number(y) * keyBlocks + key;
        if (cells[cell]) throw new Error(`square ${key}, ${y} is drawn twice`);
        cells[cell] = [Number(attributes["data-live"]), Number(attributes["data-level"])];
      }
    }
  }
  return cells.map((cell) => cell ?? expect.unreachable("a square is missing"));
}

describe("maskSvg", () => {
  it("draws every block once, live where the mask is", () => {
    fc.assert(
      fc.property(masks(), fc.nat(), (mask, pick) => {
        const head = pick % mask.heads;
        const svg = maskSvg({ mask, head });
        const size = mask.queryBlocks * mask.keyBlocks;
        const bits = mask.unpack().subarray(head * size, (head + 1) * size);
        const drawn = squares(svg, mask.keyBlocks, mask.queryBlocks);
        expect(drawn.map(([live]) => live)).toEqual([...bits]);
        const count = bits.reduce((sum, bit) => sum + bit, 0);
        expect(parse(svg).children[0]?.text).toContain(`Head ${head}: ${count} of ${size} blocks`);
      }),
    );
  });

  it("shades blocks by the square root of their mass", () => {
    const mask = BlockMask.empty({ heads: 1, queryBlocks: 1, keyBlocks: 4 });
    mask.set(0, 0, 0);
    const drawn = squares(maskSvg({ mask, head: 0, masses: [49, 0, 1, 16] }), 4, 1);
    expect(drawn).toEqual([
      [1, 7],
      [0, 0],
      [0, 1],
      [0, 4],
    ]);
    const flat = squares(maskSvg({ mask, head: 0, masses: [0, 0, 0, 0] }), 4, 1);
    expect(flat.map(([, level]) => level)).toEqual([0, 0, 0, 0]);
  });

  it("gives each state and shade a colour of its own", () => {
    const mask = BlockMask.empty({ heads: 1, queryBlocks: 2, keyBlocks: 8 });
    for (let key = 0; key < 8; key++) mask.set(0, 0, key);
    const row = Array.from({ length: 8 }, (_, level) => level ** 2);
    const svg = maskSvg({ mask, head: 0, masses: [...row, ...row] });
    const colors = parse(svg).children.flatMap(({ attributes }) => attributes.fill ?? []);
    expect(new Set(colors).size).toBe(16);
    for (const color of colors) expect(color).toMatch(/^#[0-9a-f]{6}$/);
  });

  it("has the asked size, and about 600 pixels otherwise", () => {
    const mask = BlockMask.full({ heads: 1, queryBlocks: 10, keyBlocks: 20 });
    const size = (svg: string) => {
      const { width, height, viewBox } = parse(svg).attributes;
      return [width, height, viewBox];
    };
    expect(size(maskSvg({ mask, head: 0, blockPixels: 3 }))).toEqual(["60", "30", "0 0 20 10"]);
    expect(size(maskSvg({ mask, head: 0 }))).toEqual(["600", "300", "0 0 20 10"]);
  });

  it("draws the border of text on either side", () => {
    const layout = imageLayout({ height: 3, width: 4, textTokens: 4, textPosition: "after" });
    const partition = partitionLayout(layout, 4);
    const mask = BlockMask.full({ heads: 1, queryBlocks: 4, keyBlocks: 4 });
    const lines = parse(maskSvg({ mask, head: 0, partition })).children.at(-1);
    expect(lines?.attributes.d).toBe("M0 3h4M3 0v4");
    const plain = partitionLayout(imageLayout({ height: 4, width: 4 }), 4);
    expect(maskSvg({ mask, head: 0, partition: plain })).not.toContain("stroke");
  });

  it("refuses what does not fit", () => {
    const mask = BlockMask.full({ heads: 1, queryBlocks: 2, keyBlocks: 2 });
    expect(() => maskSvg({ mask, head: 1 })).toThrow("Expected a head from 0 to 0 but found 1");
    expect(() => maskSvg({ mask, head: 0, masses: [1] })).toThrow("Expected 4 masses but found 1");
    expect(() => maskSvg({ mask, head: 0, masses: [1, Number.NaN, 1, 1] })).toThrow(/block 1/);
    expect(() => maskSvg({ mask, head: 0, blockPixels: 0 })).toThrow(/blockPixels but found 0/);
    const partition = partitionLayout(imageLayout({ height: 3, width: 1 }), 1);
    expect(() => maskSvg({ mask, head: 0, partition })).toThrow(/partition of 2 x 2 blocks/);
  });
});
