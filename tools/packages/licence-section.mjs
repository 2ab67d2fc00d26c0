// A section of third-party notices for a npm package whose code is compiled into ours.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * @param {string} folder of the package as it is installed
 * @param {string} use what of it is in ours, such as "headers compiled into the addon"
 * @returns {string}
 */
export function licenceSection(folder, use) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = ["LICENSE.md", "LICENSE"].map((one) => join(folder, one)).find(existsSync);
  if (file === undefined) throw new Error(`expected the licence of ${name} but found none`);
  const text = readFileSync(file, "utf8").trim();
  return [
    `## ${name}`,
    "",
    `Version ${version}, ${use}. Licence: ${license}.`,
    "",
    "```",
    text,
    "```",
    "",
  ].join("\n");
}
