import type { TensorSource } from "@paroattn/tensor";
import { expected } from "../errors.js";

/** The tensors that a component's configuration asks for: name, then shape. */
export type WeightSpec = ReadonlyMap<string, readonly number[]>;

/** Where the names or the set of weights differ between versions of a format. */
export interface WeightNames {
  /** Older name by today's name; tried where today's is missing. */
  readonly renames?: (name: string) => string | undefined;
  /** Weights that nothing here reads and whose presence is no sign of another model. */
  readonly ignorable?: RegExp;
}

/** Name in the file by name in the spec. */
export type StoredNames = ReadonlyMap<string, string>;

const READABLE: readonly string[] = ["f32", "f16", "bf16"];

/**
 * Matches a checkpoint with a spec, by its header alone.
 *
 * @throws PipelineError for a weight that is missing, that nobody reads, or that has another shape or dtype.
 */
export function matchWeights(options: {
  readonly source: TensorSource;
  readonly spec: WeightSpec;
  readonly names?: WeightNames;
}): StoredNames {
  const { source, spec, names = {} } = options;
  const where = source.files.join(", ");
  const stored = new Map<string, string>();
  for (const [name, shape] of spec) {
    const older = names.renames?.(name);
    const found = source.has(name) ? name : older !== undefined && source.has(older) ? older : "";
    if (found === "") throw missing(name, spec, source);
    const { dtype, shape: storedShape, path } = source.info(found);
    if (storedShape.join() !== shape.join()) {
      throw expected({
        expected: `tensor "${found}" of shape [${shape.join(", ")}]`,
        found: `[${storedShape.join(", ")}]`,
        where: path,
      });
    }
    if (!READABLE.includes(dtype)) {
      throw expected({
        expected: `tensor "${found}" of dtype ${READABLE.join(", ")}`,
        found: dtype,
        where: path,
      });
    }
    stored.set(name, found);
  }
  const read = new Set(stored.values());
  const unread = source.names.filter((name) => !read.has(name) && !names.ignorable?.test(name));
  if (unread.length > 0) {
    throw expected({
      expected: `only the ${spec.size} weights that the configuration asks for`,
      found: `${unread.length} more, such as "${unread[0]}"`,
      where,
    });
  }
  return stored;
}

/** Size of matched weights as they are stored. */
export function storedBytes(source: TensorSource, stored: StoredNames): number {
  return [...stored.values()].reduce((sum, name) => sum + source.info(name).byteLength, 0);
}

function missing(name: string, spec: WeightSpec, source: TensorSource): Error {
  const absent = [...spec.keys()].filter((key) => !source.has(key)).length;
  return expected({
    expected: `tensor "${name}"`,
    found: absent > 1 ? `none (${absent} of ${spec.size} weights are missing)` : "none",
    where: source.files.join(", "),
  });
}
