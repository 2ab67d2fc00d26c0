// An example in a browser: plain ESM from the folder that npm installed, by the page in the package's README, without any bundler.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join, normalize } from "node:path";
import { readExamples } from "../readme/examples.mjs";

/** As Debian and others call it. */
const browsers = ["chromium", "chromium-browser", "google-chrome"];
/** A first start on a busy machine takes a while. */
const LIMIT_MS = 120_000;

const types = { ".js": "text/javascript", ".mjs": "text/javascript", ".html": "text/html" };

/** The page of the README, which prints into itself what the example prints, and its end or its error last. */
const page = (block) => `${block}
<pre id="printed"></pre>
<script>
const say = (line) => printed.append(line + "\\n");
console.log = (...values) => say(values.map(String).join(" "));
addEventListener("error", ({ message }) => say("failed: " + message));
addEventListener("unhandledrejection", ({ reason }) => say("failed: " + reason));
</script>
<script type="module">say("end");</script>`;

async function serve(folder, html) {
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url, "http://localhost").pathname);
    const type = types[/\.\w+$/.exec(path)?.[0] ?? ".html"];
    const body = path === "/" ? html : await readFile(join(folder, path)).catch(() => undefined);
    response.writeHead(body === undefined ? 404 : 200, { "content-type": type ?? "text/plain" });
    response.end(body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

/** Runs a browser and resolves to the page as it is in the end; undefined where there is no such browser. */
async function dump(browser, profile, url) {
  const flags = ["--headless", "--disable-gpu", "--no-first-run", "--virtual-time-budget=10000"];
  if (process.getuid?.() === 0) flags.push("--no-sandbox");
  const args = [...flags, `--user-data-dir=${profile}`, "--no-proxy-server", "--dump-dom", url];
  const child = spawn(browser, args, {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: LIMIT_MS,
    killSignal: "SIGKILL",
  });
  const texts = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"]) {
    child[name].on("data", (chunk) => {
      texts[name] += chunk;
    });
  }
  try {
    const [code, signal] = await once(child, "close");
    if (code !== 0) {
      throw new Error(`${browser} ended with ${signal ?? `exit code ${code}`}:\n${texts.stderr}`);
    }
    return texts.stdout;
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Runs an example of an installed package in a headless browser.
 *
 * @param {import("./project.mjs").Project} project
 * @param {string} name of a package without dependencies
 * @param {number} at the example's number in its README, from 1
 * @returns {Promise<{ problems: string[], note?: string }>} note: where it ran, or why in no browser
 */
export async function browserProblems(project, name, at) {
  const path = join(project.folder, "node_modules", name, "README.md");
  const example = (await readExamples(path))[at - 1];
  const block = /^```html\n([\s\S]*?)^```/m.exec(await readFile(path, "utf8"))?.[1];
  if (block === undefined) return { problems: [`${name}: no page for a browser in its README.md`] };
  await project.write("example.mjs", example.code);
  const server = await serve(project.folder, page(block));
  const profile = await mkdtemp(join(tmpdir(), "paroattn-browser-"));
  try {
    for (const browser of browsers) {
      const html = await dump(browser, profile, `http://127.0.0.1:${server.address().port}/`);
      if (html === undefined) continue;
      const printed = /<pre id="printed">([\s\S]*?)<\/pre>/.exec(html)?.[1] ?? html;
      const expected = [...example.promised, "end", ""].join("\n");
      if (printed === expected) return { problems: [], note: `in ${browser}` };
      return { problems: [`${name}: example ${at} promises\n${expected}but prints\n${printed}`] };
    }
    return {
      problems: [],
      note: `not in a browser: none of ${browsers.join(", ")} is on this machine (Debian: apt-get install chromium)`,
    };
  } finally {
    server.closeAllConnections();
    server.close();
    await rm(profile, { recursive: true, force: true });
  }
}
