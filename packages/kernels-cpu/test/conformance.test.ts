import { describeConformance } from "@paroattn/backend/conformance";
import { describe, it } from "vitest";
import { createCpuBackend } from "../src/index.js";

// At the machine's best target; other-targets.test.ts runs a part of it at the others.
describeConformance({ createBackend: () => createCpuBackend({ threads: 2 }), describe, it });
