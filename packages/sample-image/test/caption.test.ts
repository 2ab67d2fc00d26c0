import { describe, expect, it } from "vitest";
import { parseCaption, readPrompts, SampleImageError } from "../src/index.js";

const unsaid = { place: undefined, relation: undefined, background: undefined };

describe("parseCaption", () => {
  it("reads full captions", () => {
    expect(parseCaption("a large red circle at the top left on a white background")).toEqual({
      objects: [{ shape: "circle", colour: "red", size: "large" }],
      place: "top left",
      relation: undefined,
      background: "white",
    });
    expect(
      parseCaption("a small pink star right of a large green circle on a grey background"),
    ).toEqual({
      objects: [
        { shape: "star", colour: "pink", size: "small" },
        { shape: "circle", colour: "green", size: "large" },
      ],
      place: undefined,
      relation: "right of",
      background: "grey",
    });
  });

  it("leaves out what is not said", () => {
    expect(parseCaption("")).toEqual({ objects: [], ...unsaid });
    const bare = { colour: undefined, size: undefined };
    expect(parseCaption("a circle")).toEqual({
      objects: [{ shape: "circle", ...bare }],
      ...unsaid,
    });
    expect(parseCaption("an orange star at the top")).toEqual({
      objects: [{ shape: "star", colour: "orange", size: undefined }],
      ...unsaid,
      place: "top",
    });
    expect(parseCaption("a square above an orange triangle")).toEqual({
      objects: [
        { shape: "square", ...bare },
        { shape: "triangle", colour: "orange", size: undefined },
      ],
      ...unsaid,
      relation: "above",
    });
  });

  it.each([
    "circle",
    "A red circle",
    "a red hexagon",
    "a red large circle",
    "a orange circle",
    "an red circle",
    "an small orange circle",
    "a red circle at the middle",
    "a red circle at the top on a blue background",
    "a red circle on an orange background",
    "a red circle  at the top",
    "a red circle at the top left of a blue star",
    "a red circle left of a blue star at the top",
    "a red circle left of a blue star above a star",
    "a red circle ",
    "\n",
  ])("refuses %j", (text) => {
    expect(() => parseCaption(text)).toThrow(SampleImageError);
    expect(() => parseCaption(text)).toThrow(`but found ${JSON.stringify(text)}`);
  });
});

describe("readPrompts", () => {
  it("reads captions that say everything and that no two sets share", async () => {
    const seen = new Set<string>();
    for (const [name, objects, least] of [
      ["heldoutOne", 1, 100],
      ["heldoutTwo", 2, 40],
      ["calibration", undefined, 8],
    ] as const) {
      const prompts = await readPrompts(name);
      expect(prompts.length).toBeGreaterThanOrEqual(least);
      for (const prompt of prompts) {
        const caption = parseCaption(prompt);
        if (objects !== undefined) expect(caption.objects.length).toBe(objects);
        expect(caption.place ?? caption.relation).toBeDefined();
        expect(caption.background).toBeDefined();
        for (const object of caption.objects)
          expect(Object.values(object)).not.toContain(undefined);
        expect(seen.has(prompt), prompt).toBe(false);
        seen.add(prompt);
      }
    }
  });

  it("refuses a set that there is not", async () => {
    await expect(readPrompts("note" as never)).rejects.toThrow(
      'Expected prompts of calibration, heldoutOne, heldoutTwo but found "note"',
    );
  });
});
