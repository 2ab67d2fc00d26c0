import { readFile, statfs } from "node:fs/promises";
import { join } from "node:path";
import { imageArchitectures, videoArchitectures } from "@paroattn/pipelines";
import { writeFileAtomically } from "@paroattn/tensor";
import { z } from "zod";
import { makeFolder } from "../files/make-folder.js";
import { downloadInto, isFetched } from "./download.js";
import { HubError } from "./hub-error.js";
import { neededFiles } from "./needed-files.js";
import { type HubFile, openRepository, type Repository } from "./repository.js";

export interface FetchModelOptions {
  /** owner/name. */
  readonly model: string;
  /** Models that draw something else are refused. */
  readonly kind: "image" | "video";
  /** Where models are kept, each commit in a folder of its own. */
  readonly cache: string;
  readonly hubUrl: string;
  readonly token: string | undefined;
  readonly signal: AbortSignal;
  /** Told once, before anything large is fetched. */
  readonly onStart: (start: { readonly bytes: number; readonly folder: string }) => void;
  readonly onBytes: (done: number, total: number) => void;
}

/** A commit's name is a folder here. */
const COMMIT = /^[0-9a-f]{7,64}$/;

/** What says that a commit is here as a whole, written last. */
const record = z.object({
  commit: z.string().regex(COMMIT),
  files: z.array(z.object({ path: z.string(), size: z.number() })),
});
type FetchRecord = z.infer<typeof record>;
const RECORD_FILE = "complete.json";

const modelIndex = z.object({ _class_name: z.string() });
/** Shards stand beside their index. */
const shardName = z.string().regex(/^[^/\\]+\.safetensors$/);
const shardIndex = z.object({ weight_map: z.record(z.string(), shardName) });

/**
 * A model of the hub as a diffusers folder: the one that was fetched before, without asking the hub, else the newest
 * commit, of which only what a pipeline reads is fetched. A file that was fetched before it failed is not fetched again.
 *
 * @throws HubError saying why it cannot be fetched; the signal's reason.
 */
export async function fetchModel(options: FetchModelOptions): Promise<string> {
  const { model, cache, signal, onStart } = options;
  const home = join(cache, model);
  const known = await readRecord(home);
  if (known !== undefined) return join(home, known.commit);

  const repository = await openRepository(options);
  if (!COMMIT.test(repository.commit)) {
    throw new HubError(`Expected the name of a commit of ${model} but found ${repository.commit}`);
  }
  const folder = join(home, repository.commit);
  const byPath = new Map(repository.files.map((file) => [file.path, file]));
  const fetchAll = async (paths: readonly string[], onBytes: (done: number) => void) => {
    let before = 0;
    for (const path of paths) {
      const file = byPath.get(path)!;
      const target = join(folder, path);
      if (!(await isFetched(target, file))) {
        const tell = (done: number) => onBytes(before + done);
        await downloadInto({ repository, file, target, signal, onBytes: tell });
      }
      before += file.size;
      onBytes(before);
    }
  };

  const needed = neededFiles(model, [...byPath.keys()]);
  await fetchAll(needed.small, () => {});
  await refuseOtherArchitecture(options, folder);
  const indices = needed.weights.filter((path) => path.endsWith(".json"));
  await fetchAll(indices, () => {});
  const large = await weightFiles({ model, folder, weights: needed.weights, repository });
  const total = sizeOf(large);
  const missing: HubFile[] = [];
  for (const file of large)
    if (!(await isFetched(join(folder, file.path), file))) missing.push(file);
  await refuseSmallDisk({ folder: home, bytes: sizeOf(missing), model });
  if (missing.length > 0) onStart({ bytes: sizeOf(missing), folder });
  await fetchAll(
    large.map(({ path }) => path),
    (done) => options.onBytes(done, total),
  );
  const files = [...needed.small, ...indices, ...large.map(({ path }) => path)].map((path) => ({
    path,
    size: byPath.get(path)!.size,
  }));
  const complete: FetchRecord = { commit: repository.commit, files };
  await writeFileAtomically(join(home, RECORD_FILE), { data: JSON.stringify(complete), signal });
  return folder;
}

/** The record of a commit all of whose files are still there. */
async function readRecord(home: string): Promise<FetchRecord | undefined> {
  const text = await readFile(join(home, RECORD_FILE), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const known = record.safeParse(parseJson(text)).data;
  if (known === undefined) return undefined;
  for (const file of known.files) {
    if (!(await isFetched(join(home, known.commit, file.path), file))) return undefined;
  }
  return known;
}

/** Found out before gigabytes come: what `loadPipeline` would refuse. */
async function refuseOtherArchitecture(
  { model, kind }: Pick<FetchModelOptions, "model" | "kind">,
  folder: string,
): Promise<void> {
  const served = kind === "image" ? imageArchitectures : videoArchitectures;
  const text = await readFile(join(folder, "model_index.json"), "utf8");
  const found = modelIndex.safeParse(parseJson(text)).data?._class_name;
  if (found !== undefined && served.includes(found)) return;
  throw new HubError(
    `Expected a model of architecture ${served.join(" or ")} but found ${found ?? "none"} in ${model}`,
  );
}

/** The weights, the shards that indices name instead of these. */
async function weightFiles(options: {
  readonly model: string;
  readonly folder: string;
  readonly weights: readonly string[];
  readonly repository: Repository;
}): Promise<HubFile[]> {
  const { model, folder, weights, repository } = options;
  const paths: string[] = [];
  for (const path of weights) {
    if (!path.endsWith(".json")) {
      paths.push(path);
      continue;
    }
    const text = await readFile(join(folder, path), "utf8");
    const { data: index } = shardIndex.safeParse(parseJson(text));
    if (index === undefined) {
      throw new HubError(
        `Expected an index with a weight_map of files beside it in ${path} of ${model}`,
      );
    }
    const component = path.slice(0, path.indexOf("/"));
    const shards = new Set(Object.values(index.weight_map));
    for (const shard of [...shards].sort()) paths.push(`${component}/${shard}`);
  }
  return paths.map((path) => {
    const file = repository.files.find((candidate) => candidate.path === path);
    if (file !== undefined) return file;
    throw new HubError(`Expected ${path}, which an index names, but found none in ${model}`);
  });
}

async function refuseSmallDisk(options: {
  readonly folder: string;
  readonly bytes: number;
  readonly model: string;
}): Promise<void> {
  const { folder, bytes, model } = options;
  await makeFolder(folder);
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= bytes) return;
  throw new HubError(
    `Expected ${gigabytes(bytes)} free in ${folder} for ${model} but found ${gigabytes(free)}; XDG_CACHE_HOME names another place`,
  );
}

function sizeOf(files: readonly HubFile[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}

/** The value, or undefined for what is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
