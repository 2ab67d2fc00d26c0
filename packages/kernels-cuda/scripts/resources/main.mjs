// Reports what every kernel of a build uses, and fails if one spills.
// Usage: node main.mjs BUILD_FOLDER [--json FILE]
import { writeFile } from "node:fs/promises";
import { collectOutputs } from "./collect.mjs";
import { formatTable, reportResources } from "./report.mjs";

const [folder, flag, file] = process.argv.slice(2);
if (folder === undefined || (flag !== undefined && (flag !== "--json" || file === undefined))) {
  process.stderr.write("Usage: node main.mjs BUILD_FOLDER [--json FILE]\n");
  process.exit(2);
}
const report = reportResources(await collectOutputs(folder));
if (report.rows.length === 0) {
  report.problems.push(
    `Expected what ptxas said about the kernels under ${folder} but found nothing`,
  );
}
if (file !== undefined) await writeFile(file, `${JSON.stringify(report, undefined, 1)}\n`);
process.stdout.write(`${formatTable(report.rows)}\n`);
for (const problem of report.problems) process.stderr.write(`${problem}\n`);
process.exitCode = report.problems.length > 0 ? 1 : 0;
