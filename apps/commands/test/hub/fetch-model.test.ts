import { access, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { denseAttention } from "@paroattn/attention";
import { createReferenceBackend } from "@paroattn/backend";
import { loadPipeline } from "@paroattn/pipelines";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { imageApp } from "../../../image-dit/src/app.js";
import { downloadInto } from "../../src/hub/download.js";
import { type FetchModelOptions, fetchModel } from "../../src/hub/fetch-model.js";
import { localModel } from "../../src/hub/local-model.js";
import { createProgress } from "../../src/terminal/progress.js";
import { COMMIT, filesOf, type HubServer, serveHub } from "./server.js";

const fixture = fileURLToPath(new URL("../../../../fixtures/pixart-square", import.meta.url));
const MODEL = "some-one/tiny.model";
const TRANSFORMER = "transformer/diffusion_pytorch_model.safetensors";

let cache: string;
let server: HubServer;
let starts: number[];

beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), "image-dit-hub-"));
  const files = await filesOf(fixture);
  files.set("README.md", Buffer.from("nobody reads this"));
  files.set("vae/diffusion_pytorch_model.fp16.safetensors", Buffer.from("nor this"));
  server = await serveHub(MODEL, files);
  starts = [];
});
afterEach(async () => {
  await server.close();
  await rm(cache, { recursive: true, force: true });
});

const fetchTiny = (options: Partial<FetchModelOptions> = {}) =>
  fetchModel({
    model: MODEL,
    kind: "image",
    cache,
    hubUrl: server.url,
    token: undefined,
    signal: new AbortController().signal,
    onStart: ({ bytes }) => starts.push(bytes),
    onBytes: () => {},
    ...options,
  });

/** Everything below the cache that is neither whole nor a folder. */
async function leftovers(): Promise<string[]> {
  const names = await readdir(cache, { recursive: true });
  return names.filter((name) => name.endsWith(".tmp"));
}

describe("fetching a model", () => {
  it("fetches what a pipeline reads, and the next time nothing", async () => {
    const shares: number[] = [];
    const folder = await fetchTiny({ onBytes: (done, total) => shares.push(done / total) });
    expect(folder).toBe(join(cache, MODEL, COMMIT));
    const backend = createReferenceBackend();
    (await loadPipeline(folder, { backend, attention: denseAttention() })).dispose();
    backend.dispose();

    const weights = server.downloads.filter((path) => path.includes("safetensors"));
    expect(weights.length).toBeGreaterThanOrEqual(3);
    expect(server.downloads).not.toContain("README.md");
    expect(server.downloads.filter((path) => path.includes("fp16"))).toEqual([]);
    expect(server.downloads.filter((path) => path.includes("golden"))).toEqual([]);
    const sizes = weights
      .filter((path) => !path.endsWith(".json"))
      .map((path) => server.files.get(path)!.length);
    expect(starts).toEqual([sizes.reduce((a, b) => a + b, 0)]);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares.at(-1)).toBe(1);

    server.intercept = () => {
      throw new Error("the hub was asked");
    };
    expect(await fetchTiny()).toBe(folder);
    expect(await leftovers()).toEqual([]);
  });

  it("fetches again only what is missing", async () => {
    const folder = await fetchTiny();
    await rm(join(folder, TRANSFORMER));
    await writeFile(join(folder, "vae/config.json"), "{");
    server.downloads.length = 0;
    expect(await fetchTiny()).toBe(folder);
    expect(server.downloads.sort()).toEqual([TRANSFORMER, "vae/config.json"]);
  });

  it("follows an index to its shards", async () => {
    const shard = "transformer/diffusion_pytorch_model-00001-of-00001.safetensors";
    const content = server.files.get(TRANSFORMER)!;
    server.files.delete(TRANSFORMER);
    server.files.set(shard, content);
    const setIndex = (file: string) => {
      const index = Buffer.from(JSON.stringify({ weight_map: { a: file } }));
      server.files.set("transformer/diffusion_pytorch_model.safetensors.index.json", index);
    };
    setIndex("../../../escaped.safetensors");
    await expect(fetchTiny()).rejects.toThrow(
      "Expected an index with a weight_map of files beside it",
    );
    setIndex("other.safetensors");
    await expect(fetchTiny()).rejects.toThrow(
      "Expected transformer/other.safetensors, which an index names",
    );
    setIndex("diffusion_pytorch_model-00001-of-00001.safetensors");
    await access(join(await fetchTiny(), shard));
  });

  it("keeps what is whole when it is stopped, and leaves nothing half", async () => {
    const stop = new AbortController();
    const reason = new Error("stopped");
    const stopped = fetchTiny({
      signal: stop.signal,
      onBytes: (done, total) => {
        if (done > total / 2) stop.abort(reason);
      },
    });
    await expect(stopped).rejects.toBe(reason);
    expect(await leftovers()).toEqual([]);
    const before = new Set(server.downloads);
    server.downloads.length = 0;
    const folder = await fetchTiny();
    const again = server.downloads.filter((path) => before.has(path));
    // Only the file in work, at most.
    expect(again.length).toBeLessThanOrEqual(1);
    expect((await stat(join(folder, TRANSFORMER))).size).toBe(
      server.files.get(TRANSFORMER)!.length,
    );
  });

  it("hands the token on", async () => {
    const tokens = new Set<string | undefined>();
    server.intercept = (request) => {
      tokens.add(request.headers.authorization);
      return false;
    };
    await fetchTiny({ token: "hf_secret" });
    expect([...tokens]).toEqual(["Bearer hf_secret"]);
    await expect(fetchTiny({ token: "secret", cache: join(cache, "other") })).rejects.toThrow(
      'Expected a token in HF_TOKEN that begins with "hf_" but found another one',
    );
  });
});

describe("what goes wrong", () => {
  const answering = (status: number) => () => {
    server.intercept = (_request, response) => {
      response.writeHead(status, { "content-type": "application/json" }).end('{"error":"no"}');
      return true;
    };
  };
  const cases: { name: string; arrange: () => unknown; token?: string; says: RegExp }[] = [
    {
      name: "no network",
      arrange: () => server.close(),
      says: /^Cannot fetch some-one\/tiny\.model: no connection to 127\.0\.0\.1:\d+ \(ECONNREFUSED\); what is complete is kept, and offline --model takes a folder$/,
    },
    {
      name: "a connection that ends early",
      arrange: () => {
        server.intercept = ({ url, headers }, response) => {
          if (!url!.includes(TRANSFORMER) || headers.range !== undefined) return false;
          response.writeHead(200, { "content-length": 1000 }).write("half");
          setTimeout(() => response.destroy(), 20);
          return true;
        };
      },
      says: /^Cannot fetch some-one\/tiny\.model: no connection to 127\.0\.0\.1:\d+ \(UND_ERR_SOCKET\); what is complete is kept/,
    },
    {
      name: "no such model",
      arrange: answering(404),
      says: /^There is no model some-one\/tiny\.model on 127\.0\.0\.1:\d+, and no folder of that name here$/,
    },
    {
      name: "a private model without a token",
      arrange: answering(401),
      says: /^127\.0\.0\.1:\d+ refuses some-one\/tiny\.model \(401\), or it does not exist: set HF_TOKEN to a token that may read it/,
    },
    {
      name: "a gated model with a token",
      arrange: answering(403),
      token: "hf_a",
      says: /refuses some-one\/tiny\.model \(403\), or it does not exist: the token in HF_TOKEN may not read it/,
    },
    {
      name: "a hub in trouble",
      arrange: answering(503),
      says: /^127\.0\.0\.1:\d+ answered 503 for some-one\/tiny\.model; try again later/,
    },
    {
      name: "too little room",
      arrange: () => server.announced.set(TRANSFORMER, { size: 1e18 }),
      says: /^Expected 1000000000\.0 GB free in .* for some-one\/tiny\.model but found [\d.]+ GB; XDG_CACHE_HOME names another place$/,
    },
    {
      name: "less than was announced",
      arrange: () => server.announced.set(TRANSFORMER, { size: 1e6 }),
      says: /^Expected 1000000 bytes of transformer\/diffusion_pytorch_model\.safetensors but \d+ came/,
    },
    {
      name: "more than was announced",
      arrange: () => server.announced.set(TRANSFORMER, { size: 10 }),
      says: /^Expected 10 bytes of transformer\/diffusion_pytorch_model\.safetensors but more came/,
    },
    {
      name: "another hash",
      arrange: () => server.announced.set(TRANSFORMER, { sha256: "0".repeat(64) }),
      says: /^Expected transformer\/diffusion_pytorch_model\.safetensors with the hash 0{64} but what came has [0-9a-f]{64}; try again$/,
    },
    {
      name: "another kind of model",
      arrange: () =>
        server.files.set("model_index.json", Buffer.from('{"_class_name":"FluxPipeline"}')),
      says: /^Expected a model of architecture PixArtAlphaPipeline or PixArtSigmaPipeline but found FluxPipeline in some-one\/tiny\.model$/,
    },
    {
      name: "no diffusers model",
      arrange: () => server.files.delete("model_index.json"),
      says: /^Expected a diffusers model with model_index\.json but found none in some-one\/tiny\.model$/,
    },
    {
      name: "weights in another format",
      arrange: () => server.files.delete(TRANSFORMER),
      says: /^Expected safetensors weights, transformer\/diffusion_pytorch_model\.safetensors or its index, but found none/,
    },
  ];
  it.each(cases)("says one sentence of $name", async ({ arrange, token, says }) => {
    await arrange();
    const error: unknown = await fetchTiny({ token }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "HubError", message: expect.stringMatching(says) });
    expect(await leftovers()).toEqual([]);
  });
});

it("says that the disk is full where a write finds it so", async () => {
  const full = Object.assign(new Error("ENOSPC: no space left on device, write"), {
    code: "ENOSPC",
    syscall: "write",
  });
  const target = join(cache, "weights.safetensors");
  const writing = downloadInto({
    repository: { commit: COMMIT, files: [], download: () => Promise.reject(full) },
    file: { path: "weights.safetensors", size: 7 },
    target,
    signal: new AbortController().signal,
    onBytes: () => {},
  });
  await expect(writing).rejects.toThrow(`The disk is full: no room for ${target} of 7 bytes`);
});

describe("a model's name", () => {
  const options = {
    app: imageApp,
    progress: createProgress({ write: () => true }),
    warn: () => {},
    signal: new AbortController().signal,
  };

  it.each([fixture, "./some/model", "/no/such", "a/b/c", "model", "../a"])(
    "is a folder: %s",
    async (name) => {
      expect(await localModel(name, options)).toBe(name);
    },
  );

  it("is the hub's, at HF_ENDPOINT, kept in XDG_CACHE_HOME", async () => {
    const { HF_ENDPOINT, XDG_CACHE_HOME } = process.env;
    process.env.HF_ENDPOINT = `${server.url}/`;
    process.env.XDG_CACHE_HOME = cache;
    try {
      const folder = join(cache, "paroattn/hub", MODEL, COMMIT);
      expect(await localModel(MODEL, options)).toBe(folder);
    } finally {
      Object.assign(process.env, {
        HF_ENDPOINT: HF_ENDPOINT ?? "",
        XDG_CACHE_HOME: XDG_CACHE_HOME ?? "",
      });
    }
  });
});
