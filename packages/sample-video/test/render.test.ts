import { createHash } from "node:crypto";
import { SampleImageError, scenes } from "@paroattn/sample-image";
import { describe, expect, it } from "vitest";
import { type ClipScene, clipScenes, renderClip } from "../src/index.js";

function hash(scene: ClipScene): string {
  const sum = createHash("sha256");
  for (const frame of renderClip(scene)) sum.update(frame.data);
  return sum.digest("hex");
}

describe("renderClip", () => {
  // Hashes of the same clips drawn by training/video/scenes.py.
  it.each<[ClipScene, string]>([
    [
      {
        background: "grey",
        objects: [
          {
            size: "large",
            colour: "orange",
            shape: "star",
            motion: "moves right",
            middle: [144, 96],
          },
        ],
      },
      "1043459bf10ed4d26e02a7cd74f9bf44c5a963ee02b69f655a0ca79673016e13",
    ],
    [
      {
        background: "white",
        objects: [
          {
            size: "small",
            colour: "purple",
            shape: "triangle",
            motion: "moves up",
            middle: [112, 128],
          },
        ],
      },
      "69fd00d462411c41fc4e1125e1923b3a0830b10416d965d76ae86a7340fb2801",
    ],
    [
      {
        background: "black",
        objects: [
          {
            size: "large",
            colour: "cyan",
            shape: "circle",
            motion: "moves down",
            middle: [64, 112],
          },
          {
            size: "small",
            colour: "red",
            shape: "square",
            motion: "stays still",
            middle: [192, 144],
          },
        ],
      },
      "d7ac7e78a6aef8e773b27ac878cd0f2b22a7e6c1396aea54382cdadcfb434454",
    ],
  ])("draws the bytes that the training draws", (scene, expected) => {
    expect(hash(scene)).toBe(expected);
  });

  it("moves an object along its whole path, at any size", () => {
    const scene: ClipScene = {
      background: "white",
      objects: [
        {
          size: "large",
          colour: "red",
          shape: "square",
          motion: "moves left",
          middle: [128, 128],
        },
      ],
    };
    for (const size of [64, 128]) {
      const clip = renderClip(scene, { size });
      expect(clip.length).toBe(clipScenes.clip.frames);
      const span = (frame: number) => {
        const row = Array.from({ length: size }, (_, x) => {
          const at = ((size / 2) * size + x) * 3;
          return [...clip[frame]!.data.slice(at, at + 3)].join();
        });
        const red = scenes.colours.red.join();
        return [row.indexOf(red), row.lastIndexOf(red) + 1].map((x) => (x * 256) / size);
      };
      // 112 units wide, around 176, 128 and 80.
      expect([span(0), span(24), span(48)]).toEqual([
        [120, 232],
        [72, 184],
        [24, 136],
      ]);
    }
  });

  it("refuses sizes that are none", () => {
    const scene: ClipScene = { background: "black", objects: [] };
    for (const size of [0, 1.5, Number.NaN]) {
      expect(() => renderClip(scene, { size })).toThrow(SampleImageError);
    }
  });
});
