import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { collectOutputs } from "../../scripts/resources/collect.mjs";
import { compareTables, reportResources, type Table } from "../../scripts/resources/report.mjs";
import { REAL } from "../emulated.js";

const packageFolder = join(import.meta.dirname, "../..");

// Where there is nvcc, the build has compiled the kernels for one architecture, and kept what ptxas said about each.
it.runIf(existsSync(REAL))("no kernel spills, or uses more than resources.json says", async () => {
  const outputs = await collectOutputs(join(packageFolder, "build"));
  const { rows, problems } = reportResources(outputs);
  expect(problems).toEqual([]);
  expect(rows.length).toBeGreaterThan(20);
  const table: Table = JSON.parse(readFileSync(join(packageFolder, "resources.json"), "utf8"));
  // What more is worth is a person's decision: npm run cuda:build -- --arch 90a --write.
  expect(compareTables(table, rows).increases).toEqual([]);
});
