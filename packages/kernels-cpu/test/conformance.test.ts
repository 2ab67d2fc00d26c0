import { describeConformance } from "@paroattn/backend/conformance";
import { describe, it } from "vitest";
import { createCpuBackend } from "../src/index.js";

// At the machine's best target; targets.test.ts runs it again at the others.
describeConformance({ createBackend: () => createCpuBackend({ threads: 2 }), describe, it });
