import { writeFileAtomically } from "@paroattn/tensor";
import { chromeTrace } from "./chrome-trace.js";
import type { Profile } from "./recorder.js";
import { formatProfile } from "./table.js";

/** Prints the table on standard error and writes the Chrome trace, where a file is asked for. */
export async function reportProfile(
  profile: Profile,
  {
    process: name,
    traceFile,
  }: { readonly process: string; readonly traceFile?: string | undefined },
): Promise<void> {
  let text = formatProfile(profile);
  if (traceFile !== undefined) {
    const trace = JSON.stringify(chromeTrace(profile, { process: name }));
    await writeFileAtomically(traceFile, { data: `${trace}\n` });
    text += `\ntrace for chrome://tracing or ui.perfetto.dev: ${traceFile}`;
  }
  process.stderr.write(`${text}\n`);
}
