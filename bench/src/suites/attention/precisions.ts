import { precisionFromName } from "@paroattn/attention";
import { type AttentionPrecision, type Backend, UnsupportedError } from "@paroattn/backend";
import { createCpuBackend } from "@paroattn/kernels-cpu";
import type { BenchCase } from "../../measure/case.js";
import { ourContender, withoutOutput } from "../our-contender.js";
import type { SuiteContext } from "../suite.js";
import { kernelOf, OURS } from "./names.js";
import {
  type AttentionInputs,
  type AttentionSize,
  attend,
  attentionProblem,
  sizeName,
  uploadAttention,
} from "./problem.js";
import { SIZES_OF_4096, secondsOf } from "./sizes.js";

const PRECISIONS = ["int8-qk", "int8", "int8:u8", "int8:tileRow", "int8:row", "int4-qk", "int4"];

/** Dense attention in the precisions that the backend executes natively, and on bf16 tensors and operands, beside fp32. */
export function precisionCases({ threads }: SuiteContext): BenchCase[] {
  return SIZES_OF_4096.map((size) => ({
    name: `precisions ${sizeName(size)}`,
    rounds: size.rounds,
    seconds: secondsOf(size) * (3 + PRECISIONS.length),
    async open() {
      const problem = attentionProblem(size);
      const backend = createCpuBackend({ threads });
      const tensors = uploadAttention(backend, problem);
      const others: Other[] = [
        {
          name: "bf16 tensors",
          tensors: uploadAttention(backend, problem, "bf16"),
          bytes: problem.bytes / 2,
        },
        {
          name: "bf16 operands",
          tensors,
          bytes: problem.bytes,
          precision: { qk: "bf16", pv: "bf16" },
        },
        ...PRECISIONS.map((name) => ({
          name,
          tensors,
          bytes: problem.bytes,
          precision: precisionFromName(name),
        })),
      ];
      const fp32: Other = { name: OURS, tensors, bytes: problem.bytes };
      const known = others.map((other) => ({ other, how: execution(backend, size, other) }));
      const contender = (other: Other, name: string) => {
        const beside = (dense: string) => ({
          flops: problem.flops,
          bytes: other.bytes,
          ...(other !== fp32 && { comparisons: [{ against: dense, as: "speed" } as const] }),
        });
        return withoutOutput(
          ourContender({
            name,
            backend,
            info: beside(OURS),
            parts: { attention: { name: kernelOf(name), info: beside(kernelOf(OURS)) } },
            issue: (scope) => attend(scope, { ...size, ...other }),
          }),
        );
      };
      return {
        contenders: [
          contender(fp32, OURS),
          ...known.flatMap(({ other, how }) =>
            how === "native" ? contender(other, `${OURS} ${other.name}`) : [],
          ),
        ],
        notes: known.flatMap(({ other, how }) =>
          how === "native" ? [] : `${other.name}: ${how}, not timed`,
        ),
        close: () => backend.dispose(),
      };
    },
  }));
}

/** What is held against fp32. */
interface Other {
  readonly name: string;
  readonly tensors: AttentionInputs;
  readonly bytes: number;
  readonly precision?: AttentionPrecision;
}

function execution(backend: Backend, size: AttentionSize, { tensors, precision }: Other) {
  try {
    if (precision !== undefined) return backend.arithmetic(precision);
    using scope = backend.scope();
    scope.prepareAttention({ ...tensors, heads: size.heads, headDim: size.headDim });
    return "native";
  } catch (error) {
    if (UnsupportedError.isInstance(error)) return "unsupported";
    throw error;
  }
}
