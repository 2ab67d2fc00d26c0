import { describe, expect, it } from "vitest";
import { parseClipCaption, readClipPrompts, SampleVideoError } from "../src/index.js";

describe("parseClipCaption", () => {
  it("reads full captions", () => {
    expect(parseClipCaption("a small green square moves up on a grey background")).toEqual({
      objects: [{ shape: "square", colour: "green", size: "small", motion: "moves up" }],
      background: "grey",
    });
    const two =
      "a small pink star stays still and a large orange circle moves left on a black background";
    expect(parseClipCaption(two)).toEqual({
      objects: [
        { shape: "star", colour: "pink", size: "small", motion: "stays still" },
        { shape: "circle", colour: "orange", size: "large", motion: "moves left" },
      ],
      background: "black",
    });
  });

  it("leaves out what is not said", () => {
    const nothing = { colour: undefined, size: undefined, motion: undefined };
    expect(parseClipCaption("")).toEqual({ objects: [], background: undefined });
    expect(parseClipCaption("a circle")).toEqual({
      objects: [{ shape: "circle", ...nothing }],
      background: undefined,
    });
    expect(parseClipCaption("an orange star moves down and a square")).toEqual({
      objects: [
        { shape: "star", colour: "orange", size: undefined, motion: "moves down" },
        { shape: "square", ...nothing },
      ],
      background: undefined,
    });
  });

  it.each([
    "circle",
    "A red circle",
    "a red hexagon",
    "a red large circle",
    "a orange circle",
    "an red circle",
    "a red circle jumps",
    "a red circle moves",
    "a red circle moves up moves down",
    "a red circle on a blue background",
    "a red circle on a white background and a star",
    "a red circle  moves up",
    "a red circle and a star and a square",
    "a red circle and",
    "a red circle ",
    "\n",
  ])("refuses %j", (text) => {
    expect(() => parseClipCaption(text)).toThrow(SampleVideoError);
    expect(() => parseClipCaption(text)).toThrow(`but found ${JSON.stringify(text)}`);
  });
});

describe("readClipPrompts", () => {
  it("reads captions that say everything and that no two sets share", async () => {
    const seen = new Set<string>();
    for (const [name, objects, count] of [
      ["heldoutOne", 1, 40],
      ["heldoutTwo", 2, 20],
      ["calibration", undefined, 8],
    ] as const) {
      const prompts = await readClipPrompts(name);
      expect(prompts.length).toBe(count);
      for (const prompt of prompts) {
        const caption = parseClipCaption(prompt);
        if (objects !== undefined) expect(caption.objects.length).toBe(objects);
        expect(caption.background).toBeDefined();
        for (const object of caption.objects) {
          expect(Object.values(object)).not.toContain(undefined);
        }
        // The order in which two objects are named makes no other clip.
        const key = JSON.stringify(
          [caption.background, ...caption.objects.map((object) => JSON.stringify(object))].sort(),
        );
        expect(seen.has(key), prompt).toBe(false);
        seen.add(key);
      }
    }
  });

  it("refuses a set that there is not", async () => {
    await expect(readClipPrompts("note" as never)).rejects.toThrow(
      'Expected prompts of calibration, heldoutOne, heldoutTwo but found "note"',
    );
  });
});
