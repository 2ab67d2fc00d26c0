// Writes THIRD_PARTY_NOTICES.md, for the tarball: what of others is compiled into the addon. Run by `npm run pack`.
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { licenceSection } from "../../../tools/packages/licence-section.mjs";

const require = createRequire(import.meta.url);
const packageFolder = dirname(dirname(fileURLToPath(import.meta.url)));
const headers = ["node-addon-api", "node-api-headers"].map((name) =>
  licenceSection(
    dirname(require.resolve(`${name}/package.json`)),
    "headers compiled into the addon",
  ),
);

const text = `# Third-party notices

This package holds the addon of \`@paroattn/kernels-cuda\` (Apache-2.0, see LICENSE), which code of others is compiled into.

## CUDA runtime

The static library \`cudart_static\` of NVIDIA's CUDA Toolkit 13, linked into the addon. Copyright NVIDIA Corporation; distributed under
the End User License Agreement of the CUDA Toolkit, whose list of redistributable software names it.

${headers.join("\n")}`;

writeFileSync(join(packageFolder, "THIRD_PARTY_NOTICES.md"), text);
