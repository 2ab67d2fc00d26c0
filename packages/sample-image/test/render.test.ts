import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { renderScene, SampleImageError, type Scene, scenes } from "../src/index.js";

const hash = (scene: Scene) => createHash("sha256").update(renderScene(scene).data).digest("hex");

describe("renderScene", () => {
  // Hashes of the same scenes drawn by training/scenes.py.
  it.each<[Scene, string]>([
    [
      {
        background: "grey",
        objects: [{ size: "large", colour: "orange", shape: "star", centre: [136, 124] }],
      },
      "1edcdbbb44976e6ad242c9082c53d195ae3585b6f58015722ab86ffc40734744",
    ],
    [
      {
        background: "white",
        objects: [{ size: "small", colour: "purple", shape: "triangle", centre: [60, 76] }],
      },
      "8d4321fc0fc7f10a12818fa176f973f5dd1cf70c75841ceb248a1722ca844fa8",
    ],
    [
      {
        background: "black",
        objects: [
          { size: "large", colour: "cyan", shape: "circle", centre: [60, 144] },
          { size: "small", colour: "red", shape: "square", centre: [196, 112] },
        ],
      },
      "578e5d446bf1c0a3aee8d07f827e462c2484634809d3476abf03be2c06c86417",
    ],
  ])("draws the bytes that the training draws", (scene, expected) => {
    expect(hash(scene)).toBe(expected);
  });

  it("draws the same scene at any size", () => {
    const scene: Scene = {
      background: "white",
      objects: [{ size: "large", colour: "red", shape: "square", centre: [128, 128] }],
    };
    const { width, height, data } = renderScene(scene, { size: 64 });
    expect([width, height, data.length]).toEqual([64, 64, 64 * 64 * 3]);
    const at = (x: number, y: number) => [...data.slice((y * 64 + x) * 3, (y * 64 + x) * 3 + 3)];
    expect(at(17, 32)).toEqual(scenes.backgrounds.white); // the square spans 18 ... 46
    expect(at(18, 32)).toEqual(scenes.colours.red);
    expect(at(45, 45)).toEqual(scenes.colours.red);
    expect(at(46, 45)).toEqual(scenes.backgrounds.white);
  });

  it("cuts what lies outside the picture", () => {
    const objects = [
      { size: "large", colour: "blue", shape: "circle", centre: [0, 256] },
      { size: "small", colour: "red", shape: "star", centre: [400, -400] },
    ] as const;
    const { data } = renderScene({ background: "black", objects });
    expect([...data.slice(255 * 256 * 3, 255 * 256 * 3 + 3)]).toEqual(scenes.colours.blue);
    expect([...data.slice(0, 3)]).toEqual(scenes.backgrounds.black);
  });

  it("refuses sizes that are none", () => {
    const scene: Scene = { background: "black", objects: [] };
    for (const size of [0, 1.5, Number.NaN]) {
      expect(() => renderScene(scene, { size })).toThrow(SampleImageError);
    }
  });
});
