import { join } from "node:path";
import { quote, SafetensorsError } from "../errors.js";
import { openSafetensors } from "../safetensors/open.js";
import type { ReadOptions, RowRange, TensorSource } from "../safetensors/source.js";
import type { TensorInfo } from "../safetensors/tensor-info.js";
import type { Tensor } from "../tensor.js";
import { readShardIndex } from "./shard-index.js";

/**
 * Opens every shard that an index names and checks that each holds what the index says, and nothing else.
 *
 * @throws SafetensorsError naming the shard that is missing or damaged, the tensor that its shard lacks, or the one that
 * the index does not expect there.
 */
export async function openSharded(folder: string, indexFile: string): Promise<TensorSource> {
  const indexPath = join(folder, indexFile);
  const weightMap = await readShardIndex(indexPath);
  const shards = new Map<string, TensorSource>();
  try {
    for (const file of [...new Set(weightMap.values())].sort()) {
      shards.set(file, await openSafetensors(join(folder, file)));
    }
    for (const [tensor, file] of weightMap) {
      if (!shards.get(file)!.has(tensor)) {
        throw new SafetensorsError({
          expected: `shard ${quote(file)} to hold it, as ${quote(indexFile)} says`,
          found: "no such tensor there",
          tensor,
          path: folder,
        });
      }
    }
    for (const [file, { names }] of shards) {
      const unlisted = names.find((name) => weightMap.get(name) !== file);
      if (unlisted === undefined) continue;
      throw new SafetensorsError({
        expected: `only tensors that ${quote(indexFile)} lists in shard ${quote(file)}`,
        found: "one that it does not",
        tensor: unlisted,
        path: folder,
      });
    }
  } catch (error) {
    await Promise.all([...shards.values()].map((shard) => shard.close()));
    throw error;
  }
  const byName = new Map([...weightMap].map(([tensor, file]) => [tensor, shards.get(file)!]));
  return new ShardedSource(indexPath, byName, [...shards.values()]);
}

class ShardedSource implements TensorSource {
  readonly names: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly files: readonly string[];

  constructor(
    readonly indexPath: string,
    readonly byName: ReadonlyMap<string, TensorSource>,
    readonly shards: readonly TensorSource[],
  ) {
    this.names = [...byName.keys()];
    this.metadata = Object.assign({}, ...shards.map((shard) => shard.metadata));
    this.files = shards.flatMap((shard) => shard.files);
  }

  has(name: string): boolean {
    return this.byName.has(name);
  }

  info(name: string): TensorInfo & { readonly path: string } {
    return this.#shardOf(name).info(name);
  }

  async read(name: string, options?: ReadOptions): Promise<Tensor> {
    return this.#shardOf(name).read(name, options);
  }

  async readRows(name: string, rows: RowRange & ReadOptions): Promise<Tensor> {
    return this.#shardOf(name).readRows(name, rows);
  }

  async close(): Promise<void> {
    await Promise.all(this.shards.map((shard) => shard.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #shardOf(name: string): TensorSource {
    const shard = this.byName.get(name);
    if (shard !== undefined) return shard;
    throw new SafetensorsError({
      expected: `a tensor named ${quote(name)}`,
      found: `${this.names.length} others`,
      path: this.indexPath,
    });
  }
}
