import type { Shape } from "@paroattn/tensor";
import type { EmbeddingOptions } from "../operator-options.js";
import { checkFloatDtype, checkRank, invalid } from "./checks.js";

const operator = "embedding";

/** Shape of `embedding`: [...ids, channels]. The ids themselves are looked at when it runs. Throws `InvalidArgumentError`. */
export function inferEmbedding(options: EmbeddingOptions): Shape {
  const { table, ids } = options;
  checkFloatDtype({ operator, argument: "table" }, table);
  checkRank({ operator, argument: "table" }, table, {
    least: 2,
    most: 2,
    axes: "[rows, channels]",
  });
  if (ids.dtype !== "i32") {
    throw invalid({ operator, argument: "ids" }, "of dtype i32", ids.dtype);
  }
  return [...ids.shape, table.shape[1]!];
}
