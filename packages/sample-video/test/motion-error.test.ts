import { describe, expect, it } from "vitest";
import { seeded } from "../../sample-image/test/random-scenes.js";
import {
  type Clip,
  clipScenes,
  type MotionName,
  type MovingObject,
  motionError,
  renderClip,
  SampleVideoError,
} from "../src/index.js";
import { clipDistortions } from "./distort.js";
import { randomClip } from "./random-clips.js";

const size = clipScenes.clip.width;
/** Pixels from the first frame to the last. */
const whole = ((clipScenes.clip.frames - 1) * clipScenes.path.step * size) / 256;

function mover(motion: MotionName, changes: Partial<MovingObject> = {}): MovingObject {
  return {
    shape: "circle",
    colour: "red",
    size: "large",
    motion,
    middle: [128, 128],
    ...changes,
  };
}

function clipOf(...objects: readonly MovingObject[]): Clip {
  return renderClip({ background: "white", objects });
}

/** Mean distance along a way of length 1 between its places at the nine looks and its middle. */
const fromTheMiddle = (2 * (4 + 3 + 2 + 1)) / 8 / 9;

describe("motionError", () => {
  const caption = "a red circle moves right";
  const right = clipOf(mover("moves right"));
  const of = (clip: Clip, reference = right, words = caption) =>
    motionError(clip, { reference, caption: words });

  it("is nearly nothing for the clip itself", () => {
    expect(of(right).reference).toBe(0);
    expect(of(right).caption).toBeLessThan(0.3);
  });

  it("is how far a clip is shifted, and the caption does not mind", () => {
    const shifted = of(clipOf(mover("moves right", { middle: [128 + 24, 128 - 32] })));
    // 24 and 32 of 256 units.
    expect(shifted.reference).toBeCloseTo((40 * size) / 256, 0);
    expect(shifted.caption).toBeLessThan(0.3);
  });

  it.each([
    ["stays still", fromTheMiddle * whole],
    ["moves left", 2 * fromTheMiddle * whole],
    ["moves up", Math.SQRT2 * fromTheMiddle * whole],
  ] as const)("is far for what %s instead", (motion, pixels) => {
    const error = of(clipOf(mover(motion)));
    expect(Math.abs(error.reference! / pixels - 1)).toBeLessThan(0.05);
    expect(Math.abs(error.caption! / pixels - 1)).toBeLessThan(0.05);
  });

  it("is far for a frame that is repeated, whichever it is", () => {
    for (const at of [0, 12, 24, 36, 48]) {
      const error = of(right.map(() => right[at]!));
      expect(error.reference!).toBeGreaterThan(0.9 * fromTheMiddle * whole);
      expect(error.caption!).toBeGreaterThan(0.9 * fromTheMiddle * whole);
    }
    const still = clipOf(mover("stays still"));
    expect(of(still, still, "a red circle stays still")).toMatchObject({ reference: 0 });
  });

  it("tells two objects from each other by their colours, else by what fits", () => {
    const small = { size: "small" } as const;
    const left = { ...small, middle: [128, 70] } as const;
    const other = { ...small, middle: [128, 186] } as const;
    const two = clipOf(
      mover("moves left", left),
      mover("moves right", { ...other, colour: "blue" }),
    );
    const words = "a red circle moves left and a blue circle moves right";
    expect(of(two, two, words).reference).toBe(0);
    expect(of(two, two, words).caption).toBeLessThan(0.3);
    // The right places and ways, with the wrong colours.
    const swapped = clipOf(
      mover("moves left", { ...left, colour: "blue" }),
      mover("moves right", other),
    );
    expect(of(swapped, two, words).reference!).toBeGreaterThan(0.3 * size);
    expect(of(swapped, two, words).caption).toBeGreaterThan(1.9 * fromTheMiddle * whole);
    const green = clipOf(
      mover("moves left", { ...left, colour: "green" }),
      mover("moves right", { ...other, colour: "green" }),
    );
    expect(of(green, two, words).reference).toBeLessThan(0.3);
  });

  it("is unknown where there is nothing to follow, or nothing said", () => {
    const empty = right.map(({ width, height }) => {
      return { width, height, data: new Uint8Array(3 * width * height).fill(255) };
    });
    expect(of(empty)).toEqual({ reference: null, caption: null });
    expect(of(right, empty)).toMatchObject({ reference: null });
    expect(of(right, right, "a red circle").caption).toBeNull();
    expect(of(right, right, "").caption).toBeNull();
    expect(
      of(
        right,
        clipOf(
          mover("moves right"),
          mover("stays still", { middle: [40, 40], size: "small", colour: "blue" }),
        ),
      ),
    ).toMatchObject({
      reference: null,
    });
  });

  it("bears grain and soft edges", () => {
    const random = seeded(20261123);
    for (const [name, distort] of Object.entries(clipDistortions)) {
      for (const count of [1, 2] as const) {
        const { scene, caption: words } = randomClip(random, count);
        const clip = renderClip(scene);
        const error = of(distort(clip, random), clip, words);
        expect(error.reference, `${name}: ${words}`).toBeLessThan(1);
        expect(error.caption, `${name}: ${words}`).toBeLessThan(1);
      }
    }
  });

  it.each([
    ["another caption", () => of(right, right, "a cat")],
    ["another length", () => of(right.slice(1))],
    [
      "another size",
      () => of(renderClip({ background: "white", objects: [mover("moves right")] }, { size: 32 })),
    ],
    ["no frames", () => of([])],
  ])("refuses %s", (_, make) => {
    expect(make).toThrow(SampleVideoError);
  });
});
