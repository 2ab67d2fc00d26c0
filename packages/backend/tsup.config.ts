import { defineConfig } from "tsup";
import { packageOptions } from "../../tsup.base";

export default defineConfig(
  packageOptions({ entry: { index: "src/index.ts", conformance: "src/conformance/index.ts" } }),
);
