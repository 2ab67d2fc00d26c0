import { expect, it } from "vitest";
import { readmeWithResults } from "../src/results/readme.js";

it("the README shows the latest results (npm run bench -- table writes them)", async () => {
  const { found, expected } = await readmeWithResults();
  expect(found).toBe(expected);
});
