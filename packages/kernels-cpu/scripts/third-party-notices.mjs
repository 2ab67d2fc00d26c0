// THIRD_PARTY_NOTICES.md of a platform package: what of others is in it, in which version, under which licence. The words of
// the licences come from the machine that packs, where they lie beside the very files that are packed.
import { spawnSync } from "node:child_process";
import { readFileSync, realpathSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { licenceSection } from "../../../tools/packages/licence-section.mjs";

const require = createRequire(import.meta.url);

/** By the start of the library's name: what people call it, and its licence in short. */
const known = [
  ["libdnnl.", "oneDNN", "Apache-2.0; parts BSD-3-Clause"],
  ["libhwy.", "Highway", "Apache-2.0"],
  [
    "libgomp.",
    "GCC's OpenMP runtime",
    "GPL-3.0-or-later with the GCC Runtime Library Exception 3.1",
  ],
  ["libOpenCL.", "the OpenCL loader ocl-icd", "BSD-2-Clause"],
];

/** Texts that Debian's copyright files only point at. */
const commonLicences = "/usr/share/common-licenses";

function query(args) {
  const { status, stdout, stderr, error } = spawnSync("dpkg-query", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`dpkg-query ${args.join(" ")}: ${error?.message ?? stderr}`);
  return stdout.trim();
}

/** The Debian package that a file came with: its name, version, source, and its copyright file. */
function debianPackage(path) {
  // Debian records /usr/lib/... as /usr/lib or /lib, depending on the package.
  const real = realpathSync(path);
  const places = [real, real.replace(/^\/usr/, "")];
  for (const place of places) {
    const { status, stdout } = spawnSync("dpkg-query", ["-S", place], { encoding: "utf8" });
    if (status !== 0) continue;
    const name = stdout.slice(0, stdout.indexOf(": ")).split(":")[0];
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholders are those of dpkg-query
    const format = "${Version}\\t${source:Package}\\t${source:Version}\\n";
    const [version, source, sourceVersion] = query(["-W", `-f=${format}`, name])
      .split("\n")[0]
      .split("\t");
    const copyright = readFileSync(join("/usr/share/doc", name, "copyright"), "utf8");
    return { name, version, source, sourceVersion, copyright };
  }
  throw new Error(`expected a Debian package that holds ${path} but found none`);
}

function section({ name, path }) {
  const [, title, licence] = known.find(([start]) => name.startsWith(start)) ?? [];
  if (title === undefined) throw new Error(`expected a notice for ${name} but found none`);
  const { name: debian, version, source, sourceVersion, copyright } = debianPackage(path);
  const text = [
    `## ${title}`,
    "",
    `\`${name}\`, stripped, otherwise as Debian's package ${debian} ${version} has it. Licence: ${licence}.`,
    `Its source: \`apt-get source ${source}=${sourceVersion}\` with the source packages of Debian.`,
    "",
    "```",
    copyright.trim(),
    "```",
    "",
  ];
  return { text: text.join("\n"), copyright };
}

/** Headers of these are compiled into the addon. */
function headerSections() {
  return ["node-addon-api", "node-api-headers"].map((name) =>
    licenceSection(
      dirname(require.resolve(`${name}/package.json`)),
      "headers compiled into the addon",
    ),
  );
}

/**
 * Writes the notices for the carried libraries.
 *
 * @param {{ file: string, libraries: readonly { name: string, path: string }[] }} options
 * @throws where a library is unknown, or the texts of its licence are not on this machine
 */
export function writeNotices({ file, libraries }) {
  const sections = libraries.map(section);
  const mentioned = new Set(
    sections.flatMap(({ copyright }) =>
      [...copyright.matchAll(/\/usr\/share\/common-licenses\/([\w.-]*\w)/g)].map(
        ([, name]) => name,
      ),
    ),
  );
  const texts = [...mentioned].sort().map((name) => {
    const text = readFileSync(join(commonLicences, name), "utf8").replace(/^\n+|\s+$/g, "");
    return [`## ${name}`, "", "```", text, "```", ""].join("\n");
  });
  const intro = [
    "# Third-party notices",
    "",
    "This package holds the addon of `@paroattn/kernels-cpu` (Apache-2.0, see LICENSE) and, beside it, the shared libraries of",
    "others that it loads. Each may be replaced by another build of the same library under the same file name.",
    "",
    "",
  ].join("\n");
  writeFileSync(
    file,
    intro +
      [...sections.map(({ text }) => text), ...headerSections()].join("\n") +
      "\n# Licence texts named above\n\n" +
      texts.join("\n"),
  );
}
