import { writeFileAtomically } from "@paroattn/tensor";
import { chromeTrace } from "./chrome-trace.js";
import type { Profile } from "./recorder.js";
import { formatProfile } from "./table.js";

/** Prints the table on standard error and writes the Chrome trace, where a file is asked for. */
export async function reportProfile(profile: Profile, traceFile?: string): Promise<void> {
  let text = formatProfile(profile);
  if (traceFile !== undefined) {
    await writeFileAtomically(traceFile, { data: `${JSON.stringify(chromeTrace(profile))}\n` });
    text += `\ntrace for chrome://tracing or ui.perfetto.dev: ${traceFile}`;
  }
  process.stderr.write(`${text}\n`);
}
