import { describe, expect, it } from "vitest";
import { seeded } from "../../sample-image/test/random-scenes.js";
import {
  type Clip,
  type ClipScene,
  checkClipCaption,
  findMovers,
  type MovingObject,
  renderClip,
  SampleVideoError,
} from "../src/index.js";
import { clipDistortions } from "./distort.js";
import {
  backgrounds,
  captionOf,
  colours,
  motions,
  randomClip,
  shapes,
  sizes,
} from "./random-clips.js";

/** 1,000 clips over all distortions, half of one object and half of two. */
const CLIPS_EACH = 100;

const samples = Object.entries(clipDistortions).flatMap(([name, distort]) =>
  ([1, 2] as const).map((count) => ({ name, count, distort })),
);

/** Every sixth frame: those that the checker looks at, so that a test of many clips need not spoil the others. */
const sixths = (clip: Clip) => clip.filter((_, i) => i % 6 === 0);

describe("checkClipCaption on rendered clips", () => {
  it.each(samples)("is right on $count object(s), distortion $name", ({ name, count, distort }) => {
    const random = seeded(20261122 + 10 * count + name.length);
    const wrong: string[] = [];
    for (let i = 0; i < CLIPS_EACH; i++) {
      const { scene, caption } = randomClip(random, count);
      const result = checkClipCaption(distort(sixths(renderClip(scene)), random), caption);
      if (!result.correct) wrong.push(`${caption}: ${JSON.stringify(result)}`);
    }
    expect(wrong.length, wrong.join("\n")).toBeLessThanOrEqual(CLIPS_EACH / 100);
  });

  it("is right by chance only when captions are shuffled", () => {
    const random = seeded(98);
    const captioned = Array.from({ length: 200 }, () => randomClip(random, 1));
    const right = { shape: 0, colour: 0, size: 0, motion: 0, background: 0 };
    let correct = 0;
    for (const [i, { scene }] of captioned.entries()) {
      const other = captioned[(i + 1) % captioned.length]!.caption;
      const result = checkClipCaption(sixths(renderClip(scene)), other);
      const parts = { ...result.checks.objects[0]!, background: result.checks.background };
      for (const part of names(right)) if (parts[part]) right[part]++;
      if (result.correct) correct++;
    }
    expect(correct).toBeLessThan(4);
    const chances = {
      shape: shapes,
      colour: colours,
      size: sizes,
      motion: motions,
      background: backgrounds,
    };
    for (const part of names(right)) {
      const expected = captioned.length / chances[part].length;
      const deviation = Math.sqrt(expected * (1 - 1 / chances[part].length));
      expect(Math.abs(right[part] - expected), `${part}: ${right[part]}`).toBeLessThan(
        4 * deviation + 1,
      );
    }
  });
});

describe("checkClipCaption", () => {
  const scene: ClipScene = {
    background: "white",
    objects: [
      { size: "large", colour: "red", shape: "circle", motion: "moves right", middle: [128, 112] },
    ],
  };
  const clip = renderClip(scene);
  const two: ClipScene = {
    background: "grey",
    objects: [
      { size: "large", colour: "purple", shape: "star", motion: "moves up", middle: [64, 112] },
      {
        size: "small",
        colour: "yellow",
        shape: "triangle",
        motion: "stays still",
        middle: [192, 144],
      },
    ],
  };

  it("catches every attribute that is changed alone", () => {
    const caption = captionOf(scene);
    expect(checkClipCaption(clip, caption).correct).toBe(true);
    const flips = [
      ...shapes.filter((name) => name !== "circle").map((name) => ["shape", "circle", name]),
      ...colours.filter((name) => name !== "red").map((name) => ["colour", "red", name]),
      ...sizes.filter((name) => name !== "large").map((name) => ["size", "large", name]),
      ...motions
        .filter((name) => name !== "moves right")
        .map((name) => ["motion", "moves right", name]),
      ...backgrounds
        .filter((name) => name !== "white")
        .map((name) => ["background", "white", name]),
    ] as const;
    for (const [part, from, to] of flips) {
      const { correct, checks } = checkClipCaption(clip, caption.replace(from!, to!));
      const parts = { ...checks.objects[0]!, background: checks.background, count: checks.count };
      const wrong = names(parts).filter((name) => parts[name] === false);
      expect([correct, ...wrong], `${from} to ${to}`).toEqual([false, part]);
    }
  });

  it("catches every attribute of two objects that is changed alone", () => {
    const drawn = renderClip(two);
    const right = captionOf(two);
    expect(checkClipCaption(drawn, right).correct).toBe(true);
    for (const [from, to] of [
      ["purple", "blue"],
      ["yellow", "red"],
      ["star", "square"],
      ["triangle", "circle"],
      ["a large", "a small"],
      ["a small", "a large"],
      ["moves up", "moves down"],
      ["stays still", "moves up"],
      ["grey", "black"],
    ] as const) {
      expect(checkClipCaption(drawn, right.replace(from, to)).correct, `${from} to ${to}`).toBe(
        false,
      );
    }
    // The same two in the other order, and their motions exchanged.
    const turned = captionOf({ ...two, objects: [...two.objects].reverse() });
    expect(checkClipCaption(drawn, turned).correct).toBe(true);
    const [first, second] = two.objects as [MovingObject, MovingObject];
    const exchanged = [
      { ...first, motion: second.motion },
      { ...second, motion: first.motion },
    ];
    const { correct, checks } = checkClipCaption(drawn, captionOf({ ...two, objects: exchanged }));
    expect(correct).toBe(false);
    expect(checks.objects.map(({ shape, motion }) => [shape, motion])).toEqual([
      [true, false],
      [true, false],
    ]);
  });

  it("is not fooled by frames that are repeated, turned round, shuffled or left out", () => {
    const motion = (frames: Clip) => findMovers(frames).objects.map((object) => object.motion);
    const order = (frame: (i: number) => number) => clip.map((_, i) => clip[frame(i)]!);
    expect(motion(clip)).toEqual(["moves right"]);
    for (const frame of [0, 24, 48]) expect(motion(order(() => frame))).toEqual(["stays still"]);
    expect(motion(order((i) => 48 - i))).toEqual(["moves left"]);
    // Two stills with a jump between them, and a ride that stops halfway.
    expect(motion(order((i) => (i < 25 ? 0 : 48)))).not.toContain("moves right");
    expect(motion(order((i) => Math.min(i, 24)))).toEqual([undefined]);
    // There and back again, and a scatter.
    expect(motion(order((i) => 48 - Math.abs(48 - 2 * i)))).toEqual([undefined]);
    expect(motion(order((i) => (i * 20) % 49))).not.toContain("moves right");
    // Half of the clip empty.
    const empty = renderClip({ background: "white", objects: [] });
    expect(motion(clip.map((frame, i) => (i < 20 ? frame : empty[i]!)))).toEqual([undefined]);
    // One frame that is wrong is borne.
    expect(motion(clip.map((frame, i) => (i === 24 ? empty[i]! : frame)))).toEqual(["moves right"]);
  });

  it("counts: an object too many, one too few, one that comes and goes, none at all", () => {
    expect(checkClipCaption(renderClip(two), "a large purple star moves up").checks).toMatchObject({
      count: false,
      objects: [{ shape: true, colour: true, motion: true }],
    });
    expect(checkClipCaption(clip, "a red circle and a blue star").checks).toMatchObject({
      count: false,
      objects: [{ shape: true }, { shape: false, colour: false }],
    });
    const [first] = two.objects;
    const alone = renderClip({ ...two, objects: [first!] });
    const flickers = alone.map((frame, i) => (i > 20 && i < 40 ? renderClip(two)[i]! : frame));
    expect(checkClipCaption(flickers, "a large purple star moves up").checks.count).toBe(false);
    const none = checkClipCaption(renderClip({ background: "white", objects: [] }), "a red circle");
    expect(none).toMatchObject({ correct: false, found: [], checks: { count: false } });
  });

  it("judges only what the caption mentions, and clips of other sizes and lengths", () => {
    expect(checkClipCaption(clip, "").correct).toBe(true);
    expect(checkClipCaption(clip, "a circle").checks).toEqual({
      background: undefined,
      count: true,
      objects: [{ shape: true, colour: undefined, size: undefined, motion: undefined }],
    });
    for (const size of [96, 128, 256]) {
      const larger = sixths(renderClip(two, { size }));
      expect(checkClipCaption(larger, captionOf(two)).correct, `${size}`).toBe(true);
    }
    // Too short to tell a motion.
    expect(findMovers(clip.slice(0, 1)).objects).toMatchObject([
      { shape: "circle", motion: undefined },
    ]);
  });

  it("refuses captions and clips that are none", () => {
    expect(() => checkClipCaption(clip, "a cat")).toThrow(SampleVideoError);
    expect(() => checkClipCaption([], "a circle")).toThrow(
      "Expected a clip of frames but found none",
    );
    const [frame] = clip as [Clip[number]];
    const short = { ...frame, data: frame.data.subarray(3) };
    expect(() => checkClipCaption([frame, short], "a circle")).toThrow(
      "Expected 12288 bytes of RGB for 64x64 but found 12285 in frame 1",
    );
    expect(() => checkClipCaption([frame, { ...frame, width: 32 }], "a circle")).toThrow(
      "Expected frames of 64x64 but found 32x64 in frame 1",
    );
    expect(() => checkClipCaption([{ ...frame, width: 0 }], "a circle")).toThrow("a whole width");
  });
});

function names<Name extends string>(table: Readonly<Record<Name, unknown>>): Name[] {
  return Object.keys(table) as Name[];
}
