import { explainFailure, type Fetching } from "./explain.js";
import { HubError } from "./hub-error.js";

/** A file of a model on the hub. */
export interface HubFile {
  readonly path: string;
  readonly size: number;
  /** SHA-256 of the content, for large files. */
  readonly sha256?: string;
  /** Git's name of the content, for small ones: SHA-1 over "blob SIZE\0" and the content. */
  readonly gitBlob?: string;
}

/** One commit of a model on the hub. */
export interface Repository {
  readonly commit: string;
  readonly files: readonly HubFile[];
  /** The content of a file. */
  download(path: string): Promise<AsyncIterable<Uint8Array>>;
}

export interface OpenRepositoryOptions extends Fetching {
  readonly signal: AbortSignal;
}

/**
 * Looks up a model's newest commit and its files.
 *
 * @throws HubError when the hub cannot be reached or does not hand it out; the signal's reason.
 */
export async function openRepository(options: OpenRepositoryOptions): Promise<Repository> {
  const { model, hubUrl, token, signal } = options;
  if (token !== undefined && !token.startsWith("hf_")) {
    throw new HubError('Expected a token in HF_TOKEN that begins with "hf_" but found another one');
  }
  // Loaded here, because most runs never need it.
  const { downloadFile, listFiles, modelInfo } = await import("@huggingface/hub");
  const common = {
    hubUrl,
    ...(token !== undefined && { accessToken: token }),
    fetch: (url: string | URL | Request, init?: RequestInit) => fetch(url, { ...init, signal }),
  };
  const explained = async <T>(task: () => Promise<T>): Promise<T> => {
    try {
      return await task();
    } catch (error) {
      signal.throwIfAborted();
      throw explainFailure(error, options);
    }
  };

  return explained(async () => {
    const { sha: revision } = await modelInfo({
      ...common,
      name: model,
      additionalFields: ["sha"],
    });
    const repo = { type: "model", name: model } as const;
    const files: HubFile[] = [];
    for await (const { type, path, size, oid, lfs } of listFiles({
      ...common,
      repo,
      revision,
      recursive: true,
    })) {
      if (type !== "file") continue;
      const hash = lfs !== undefined ? { sha256: lfs.oid } : oid !== undefined && { gitBlob: oid };
      files.push({ path, size: lfs?.size ?? size, ...hash });
    }
    return {
      commit: revision,
      files,
      async download(path) {
        const blob = await explained(() =>
          // The plain protocol: one stream a file.
          downloadFile({ ...common, repo, path, revision, xet: false }),
        );
        if (blob === null) throw new HubError(`${model} has lost ${path} while it was fetched`);
        return (async function* () {
          const chunks = blob.stream() as unknown as AsyncIterable<Uint8Array>;
          const iterator = chunks[Symbol.asyncIterator]();
          try {
            for (;;) {
              const { done, value } = await explained(() => iterator.next());
              if (done === true) return;
              yield value;
            }
          } finally {
            await iterator.return?.();
          }
        })();
      },
    };
  });
}
