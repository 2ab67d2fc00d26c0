import { cpus } from "node:os";

/** What Debian 12 calls the packages of the libraries that the addon loads. */
const debianPackages: Readonly<Record<string, string>> = {
  "libdnnl.so.2": "libdnnl2",
  "libhwy.so.1": "libhwy1",
  "libgomp.so.1": "libgomp1",
  "libOpenCL.so.1": "ocl-icd-libopencl1",
  "libstdc++.so.6": "libstdc++6",
};

/** What the dynamic loader said about a file, as one sentence. */
export function explainLoadError(message: string): string {
  const library = /(\S+): cannot open shared object file/.exec(message)?.[1];
  if (library !== undefined) {
    const name = debianPackages[library];
    return `needs the library ${library}, which this machine lacks${name ? ` (Debian: apt-get install ${name})` : ""}`;
  }
  const needed = /version [`']([A-Z]+)_([\d.]+)' not found/.exec(message);
  if (needed?.[1] === "GLIBC") return `needs glibc ${needed[2]} or later`;
  if (needed)
    return `needs a libstdc++ with ${needed[1]}_${needed[2]}, which is newer than this machine's`;
  return message.split("\n")[0] as string;
}

/** How a process ended that tried the file, as one sentence. */
export function explainCrash(signal: string): string {
  if (signal === "SIGILL") {
    return `uses an instruction that this processor lacks (${signal} on ${cpus()[0]?.model ?? "an unknown model"})`;
  }
  return `crashed when it was tried in a process of its own (${signal})`;
}
