import { expect, it } from "vitest";
import { toPictures } from "../src/generation/decode.js";

it("refuses a decoded picture that is not finite, and rounds and clamps others", () => {
  const decoded = Float32Array.of(-1, 0, 0.5, 1, 3, -3, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6);
  const [picture] = toPictures(decoded, { frames: 1, height: 2, width: 2 });
  expect([...picture!.data]).toEqual([0, 255, 166, 128, 0, 178, 191, 140, 191, 255, 153, 204]);
  const frames = toPictures(decoded, { frames: 2, height: 1, width: 2 });
  expect(frames.map(({ data }) => [...data])).toEqual([
    [0, 255, 166, 128, 0, 178],
    [191, 140, 191, 255, 153, 204],
  ]);
  decoded[6] = Number.NaN;
  expect(() => toPictures(decoded, { frames: 1, height: 2, width: 2 })).toThrow(
    "Expected finite numbers in the decoded picture but found NaN or an infinity at element 6",
  );
});
