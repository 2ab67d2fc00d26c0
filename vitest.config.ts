import { defineConfig } from "vitest/config";

// Tests run against the sources of every package: the "@paroattn/source" condition comes first in each
// package's exports. Forks, because native addons must not share a process with another test file's threads.
const conditions = ["@paroattn/source", "node", "import", "default"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    pool: "forks",
    include: ["{packages,apps}/*/test/**/*.test.ts", "bench/test/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    exclude: ["**/node_modules/**", "**/dist/**"],
  },
});
