import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

// Tests run against the sources of every package: the "@paroattn/source" condition comes first in each
// package's exports. Forks, because native addons must not share a process with another test file's threads.
const conditions = ["@paroattn/source", "node", "import", "default"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    pool: "forks",
    // Vitest leaves a processor to itself, which is half of a machine of two; most tests wait more than they compute.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    include: ["{packages,apps}/*/test/**/*.test.ts", "bench/test/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    exclude: ["**/node_modules/**", "**/dist/**"],
  },
});
