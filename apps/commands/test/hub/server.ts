import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join, relative, sep } from "node:path";

export const COMMIT = "0123456789abcdef0123456789abcdef01234567";

/** A server that answers as the hub does for one model, from files in memory. */
export interface HubServer {
  readonly url: string;
  /** Paths of the files that were asked for as a whole. */
  readonly downloads: string[];
  /** The content by path; a test may change it. */
  readonly files: Map<string, Buffer>;
  /** What the tree tells of a file, where it is not what the file is. */
  readonly announced: Map<string, { size?: number; sha256?: string }>;
  /** Answers instead, where it returns true. */
  intercept: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  close(): Promise<void>;
}

const digest = (algorithm: string, ...parts: (string | Buffer)[]) => {
  const hash = createHash(algorithm);
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
};

/** The files of a folder by their paths in it. */
export async function filesOf(folder: string): Promise<Map<string, Buffer>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = new Map<string, Buffer>();
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath ?? entry.path, entry.name);
    files.set(relative(folder, path).split(sep).join("/"), await readFile(path));
  }
  return files;
}

export async function serveHub(model: string, files: Map<string, Buffer>): Promise<HubServer> {
  const downloads: string[] = [];
  const announced: HubServer["announced"] = new Map();
  /** Entries of the tree, in pages of a few. */
  const tree = () =>
    [...files].map(([path, content]) => {
      const { size = content.length, sha256 = digest("sha256", content) } =
        announced.get(path) ?? {};
      const large = path.endsWith(".safetensors");
      return {
        type: "file",
        path,
        size,
        oid: digest("sha1", `blob ${content.length}\0`, content),
        ...(large && { lfs: { oid: sha256, size, pointerSize: 130 } }),
      };
    });
  const json = (response: ServerResponse, value: unknown, headers = {}) =>
    response
      .writeHead(200, { "content-type": "application/json", ...headers })
      .end(JSON.stringify(value));

  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const { pathname, searchParams } = new URL(request.url!, "http://hub");
    if (pathname === `/api/models/${model}/revision/HEAD`) {
      json(response, { _id: "1", id: model, sha: COMMIT, lastModified: "2026-01-01T00:00:00Z" });
    } else if (pathname === `/api/models/${model}/tree/${COMMIT}`) {
      const page = Number(searchParams.get("page") ?? 0);
      const entries = [{ type: "directory", path: "vae", size: 0, oid: "" }, ...tree()];
      const next = `${server.url}${pathname}?recursive=true&page=${page + 1}`;
      const more = entries.length > 5 * (page + 1);
      json(
        response,
        entries.slice(5 * page, 5 * (page + 1)),
        more && { link: `<${next}>; rel="next"` },
      );
    } else {
      const path = pathname.replace(`/${model}/resolve/${COMMIT}/`, "");
      const content = files.get(path);
      if (content === undefined) {
        response.writeHead(404, { "x-error-code": "RepoNotFound" }).end("not found");
      } else if (request.headers.range === "bytes=0-0") {
        const range = { "content-range": `bytes 0-0/${content.length}`, etag: '"1"' };
        response.writeHead(206, range).end(content.subarray(0, 1));
      } else {
        downloads.push(path);
        response.writeHead(200, { "content-length": content.length }).end(content);
      }
    }
  };
  const listener = createServer((request, response) => {
    if (server.intercept?.(request, response) !== true) answer(request, response);
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const server: HubServer = {
    url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    downloads,
    files,
    announced,
    intercept: undefined,
    close: () =>
      new Promise((resolve) => {
        listener.close(() => resolve());
        listener.closeAllConnections();
      }),
  };
  return server;
}
