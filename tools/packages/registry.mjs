// A package registry of our own tarballs, on this machine, for as long as the checks run. Only the scope @paroattn is looked
// up here; everything else comes from where npm gets its packages.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { promisify } from "node:util";

const run = promisify(execFile);
const host = "127.0.0.1";

/** An environment in which npm and pnpm reach the registry on this machine, whatever proxy they reach the others by. */
export function reachingThisMachine(environment) {
  const { NO_PROXY, no_proxy, npm_config_noproxy, ...rest } = environment;
  const direct = [NO_PROXY ?? no_proxy ?? npm_config_noproxy, host].filter(Boolean).join(",");
  return { ...rest, NO_PROXY: direct, no_proxy: direct, npm_config_noproxy: direct };
}

/** What a registry answers for a package with one version. */
async function describe(name, file) {
  const { stdout } = await run("tar", ["-xzOf", file, "package/package.json"]);
  const manifest = JSON.parse(stdout);
  const data = await readFile(file);
  return { name, manifest, data, integrity: createHash("sha512").update(data).digest("base64") };
}

/**
 * Serves the tarballs at a free port of this machine.
 *
 * @param {Map<string, { file: string }>} tarballs by package name
 * @returns {Promise<{ url: string, close(): void }>}
 */
export async function serveTarballs(tarballs) {
  const packages = new Map();
  for (const [name, { file }] of tarballs) packages.set(name, await describe(name, file));
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://localhost").pathname).slice(1);
    const wantsTarball = path.endsWith(".tgz");
    const found = packages.get(wantsTarball ? path.slice(0, -".tgz".length) : path);
    if (found === undefined) {
      response.writeHead(404, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: `no package ${path}` }));
      return;
    }
    if (wantsTarball) {
      response.writeHead(200, { "content-type": "application/octet-stream" });
      response.end(found.data);
      return;
    }
    const { name, manifest, integrity } = found;
    const dist = {
      tarball: `http://${request.headers.host}/${encodeURIComponent(name)}.tgz`,
      integrity: `sha512-${integrity}`,
    };
    response.writeHead(200, { "content-type": "application/json" });
    response.end(
      JSON.stringify({
        name,
        "dist-tags": { latest: manifest.version },
        versions: { [manifest.version]: { ...manifest, dist } },
      }),
    );
  });
  server.listen(0, host);
  await once(server, "listening");
  return {
    url: `http://${host}:${server.address().port}/`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
