import { describe, expect, it } from "vitest";
import {
  checkCaption,
  findObjects,
  type Picture,
  parseCaption,
  renderScene,
  SampleImageError,
  type Scene,
} from "../src/index.js";
import { distortions } from "./distort.js";
import {
  backgrounds,
  captionOf,
  colours,
  places,
  randomScene,
  relations,
  seeded,
  shapes,
  sizes,
} from "./random-scenes.js";

/** 2,000 scenes over all distortions, half of one object and half of two. */
const SCENES_EACH = 200;

const samples = (() => {
  const random = seeded(20261121);
  return Object.entries(distortions).flatMap(([name, distort]) =>
    ([1, 2] as const).map((count) => {
      const captioned = Array.from({ length: SCENES_EACH }, () => randomScene(random, count));
      return { name, count, distort, random, captioned };
    }),
  );
})();

describe("checkCaption on rendered scenes", () => {
  it.each(samples)("is right on $count object(s), distortion $name", (sample) => {
    const wrong: string[] = [];
    for (const { scene, caption } of sample.captioned) {
      const result = checkCaption(sample.distort(renderScene(scene), sample.random), caption);
      if (!result.correct) wrong.push(`${caption}: ${JSON.stringify(result)}`);
    }
    expect(wrong.length, wrong.join("\n")).toBeLessThanOrEqual(SCENES_EACH / 100);
  });

  it("is right by chance only when captions are shuffled", () => {
    const random = seeded(99);
    const captioned = Array.from({ length: 600 }, () => randomScene(random, 1));
    const right = { shape: 0, colour: 0, size: 0, place: 0, background: 0, correct: 0 };
    for (const [i, { scene }] of captioned.entries()) {
      const other = captioned[(i + 1) % captioned.length]!.caption;
      const { checks, correct } = checkCaption(renderScene(scene), other);
      const [object] = checks.objects;
      for (const part of ["shape", "colour", "size", "place"] as const) {
        if (object?.[part]) right[part]++;
      }
      if (checks.background) right.background++;
      if (correct) right.correct++;
    }
    const chances = {
      shape: shapes.length,
      colour: colours.length,
      size: sizes.length,
      place: places.length,
      background: backgrounds.length,
      correct: 1728,
    };
    for (const [part, among] of Object.entries(chances)) {
      const expected = captioned.length / among;
      const deviation = Math.sqrt(expected * (1 - 1 / among));
      const count = right[part as keyof typeof right];
      expect(Math.abs(count - expected), `${part}: ${count}`).toBeLessThan(4 * deviation + 1);
    }
  });

  it("is hardly ever right when captions of two objects are shuffled", () => {
    const random = seeded(100);
    const captioned = Array.from({ length: 200 }, () => randomScene(random, 2));
    const right = captioned.filter(({ scene }, i) => {
      const other = captioned[(i + 1) % captioned.length]!.caption;
      return checkCaption(renderScene(scene), other).correct;
    });
    expect(right.length).toBeLessThan(2);
  });
});

describe("checkCaption", () => {
  const scene: Scene = {
    background: "white",
    objects: [{ size: "large", colour: "red", shape: "circle", centre: [68, 68] }],
  };
  const picture = renderScene(scene);
  const two: Scene = {
    background: "grey",
    objects: [
      { size: "large", colour: "purple", shape: "star", centre: [64, 140] },
      { size: "small", colour: "orange", shape: "triangle", centre: [192, 112] },
    ],
  };

  it("catches every attribute that is changed alone", () => {
    const flips = [
      ...shapes
        .slice(1)
        .map((shape) => ["shape", `a large red ${shape} at the top left on a white background`]),
      ...colours
        .slice(1)
        .map((colour) => [
          "colour",
          `a large ${colour} circle at the top left on a white background`.replace(
            "a orange",
            "an orange",
          ),
        ]),
      ["size", "a small red circle at the top left on a white background"],
      ...places
        .slice(1)
        .map((place) => ["place", `a large red circle at the ${place} on a white background`]),
      ...backgrounds
        .slice(1)
        .map((name) => [
          "background",
          `a large red circle at the top left on a ${name} background`,
        ]),
    ] as const;
    for (const [part, caption] of flips) {
      const { correct, checks } = checkCaption(picture, caption!);
      const parts = { ...checks.objects[0], background: checks.background, count: checks.count };
      const wrong = Object.entries(parts).filter(([, value]) => value === false);
      expect(correct).toBe(false);
      expect(
        wrong.map(([name]) => name),
        caption,
      ).toEqual([part]);
    }
  });

  it("catches every attribute of two objects that is changed alone", () => {
    const drawn = renderScene(two);
    const right = captionOf(two, "left of").replace("a small orange", "a small orange");
    expect(checkCaption(drawn, right).correct).toBe(true);
    for (const [from, to] of [
      ["purple", "blue"],
      ["orange", "red"],
      ["star", "square"],
      ["triangle", "circle"],
      ["a large", "a small"],
      ["a small", "a large"],
      ["grey", "black"],
    ] as const) {
      const result = checkCaption(drawn, right.replace(from, to));
      expect(result.correct, `${from} to ${to}`).toBe(false);
      expect(result.checks.relation).toBe(true);
    }
    for (const relation of relations.filter((name) => name !== "left of")) {
      const { correct, checks } = checkCaption(drawn, right.replace("left of", relation));
      expect([correct, checks.relation], relation).toEqual([false, false]);
    }
  });

  it("judges only what the caption mentions", () => {
    const { correct, checks, found } = checkCaption(picture, "a circle");
    expect(correct).toBe(true);
    expect(checks).toEqual({
      background: undefined,
      count: true,
      objects: [{ shape: true, colour: undefined, size: undefined, place: undefined }],
      relation: undefined,
    });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      shape: "circle",
      colour: "red",
      size: "large",
      place: "top left",
    });
    expect(checkCaption(picture, "").correct).toBe(true);
    expect(checkCaption(renderScene(two), "a triangle right of a star").correct).toBe(true);
    expect(checkCaption(renderScene(two), "a star right of a triangle").correct).toBe(false);
  });

  it("counts: an object too many, one too few, none at all", () => {
    const more = renderScene({ ...two, background: "white" });
    const many = checkCaption(more, "a large purple star");
    expect(many.checks).toMatchObject({ count: false, objects: [{ shape: true, colour: true }] });
    expect(many.correct).toBe(false);
    const few = checkCaption(picture, "a red circle left of a blue star");
    expect(few.checks).toMatchObject({ count: false, relation: false });
    expect(few.checks.objects).toMatchObject([{ shape: true }, { shape: false, colour: false }]);
    for (const caption of ["a red circle", "a red circle left of a blue star"]) {
      const none = checkCaption(renderScene({ background: "white", objects: [] }), caption);
      expect(none).toMatchObject({ correct: false, found: [], checks: { count: false } });
    }
  });

  it("does not name what is neither shape nor colour", () => {
    const square = renderScene({
      background: "white",
      objects: [{ size: "large", colour: "red", shape: "square", centre: [128, 128] }],
    });
    // A thin bar is no shape of ours; a square of two halves has no colour.
    const bar = recolour(square, (_, y) => (Math.abs(y - 128) < 15 ? undefined : [248, 248, 248]));
    expect(findObjects(bar).objects).toMatchObject([{ shape: undefined, colour: "red" }]);
    const halves = recolour(square, (x, y) =>
      x < 72 || x > 183 || y < 72 || y > 183
        ? undefined
        : [
            [224, 32, 32],
            [32, 64, 224],
            [16, 160, 48],
          ][Math.floor((x - 72) / 38)],
    );
    expect(findObjects(halves).objects).toMatchObject([{ shape: "square", colour: undefined }]);
    const blue = recolour(square, () => [32, 64, 224]);
    expect(findObjects(blue)).toEqual({ background: undefined, objects: [] });
    const scribble = {
      width: 256,
      height: 256,
      data: Uint8Array.from({ length: 256 * 256 * 3 }, (_, i) => (i * 2654435761) >>> 24),
    };
    expect(checkCaption(scribble, "a red circle").correct).toBe(false);
  });

  it("reads pictures of other sizes", () => {
    for (const size of [128, 512]) {
      for (const [one, caption] of [
        [scene, captionOf(scene, "top left")],
        [two, captionOf(two, "left of")],
      ] as const) {
        expect(checkCaption(renderScene(one, { size }), caption).correct, `${size}`).toBe(true);
      }
    }
  });

  it("refuses captions and pictures that are none", () => {
    expect(() => checkCaption(picture, "a cat")).toThrow(SampleImageError);
    expect(() => checkCaption({ ...picture, width: 255 }, "a circle")).toThrow(
      "Expected 195840 bytes of RGB for 255x256 but found 196608",
    );
    expect(() => checkCaption({ ...picture, width: 0 }, "a circle")).toThrow("a whole width");
    expect(() => parseCaption("a cat")).toThrow(SampleImageError);
  });
});

type Colour = readonly number[] | undefined;

function recolour(picture: Picture, colour: (x: number, y: number) => Colour): Picture {
  const data = picture.data.slice();
  for (let pixel = 0; pixel < data.length / 3; pixel++) {
    const changed = colour(pixel % picture.width, Math.floor(pixel / picture.width));
    if (changed !== undefined) data.set(changed, pixel * 3);
  }
  return { ...picture, data };
}
