// Reads what ptxas says with -Xptxas -v: the registers, shared memory, spills and stack of every kernel, and its complaints.
//
// Written against ptxas 13.0; test/resources holds captured output.

const entry = /Compiling entry function '([^']+)' for '([^']+)'/;
const properties = /^\s*(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads/;
const used = /Used (\d+) registers/;
const shared = /, (\d+) bytes smem/;
// Such as C7508 (setmaxnreg ignored) and C7517 (a wait injected): the compiler gave up on what the source asks for.
const notice = /\((C75\d\d)\)\s*(.*)$/;
const namedFunction = /in function '([^']+)'/;

/**
 * @typedef {object} KernelResources
 * @property {string} symbol mangled name
 * @property {string} architecture such as "sm_90a"
 * @property {number} registers a thread
 * @property {number} sharedBytes static shared memory of a block; what a launch asks for dynamically is not in it
 * @property {number} stackBytes stack frame of a thread
 * @property {number} spillStoreBytes
 * @property {number} spillLoadBytes
 */

/**
 * @typedef {object} Notice
 * @property {string} code such as "C7517"
 * @property {string | undefined} symbol the kernel, where ptxas names it
 * @property {string} text
 */

/**
 * @param {string} text output of nvcc -Xptxas -v for one or more architectures
 * @returns {{ kernels: KernelResources[], notices: Notice[] }}
 * @throws {Error} when a kernel's report is incomplete, so that a new wording of ptxas does not pass unseen
 */
export function parseResources(text) {
  const kernels = [];
  const notices = [];
  let current;
  for (const line of text.split("\n")) {
    const complaint = notice.exec(line);
    if (complaint) {
      const [, code, words] = complaint;
      notices.push({ code, symbol: namedFunction.exec(words)?.[1], text: words.trim() });
      continue;
    }
    const begin = entry.exec(line);
    if (begin) {
      finish(current);
      current = { symbol: begin[1], architecture: begin[2] };
      kernels.push(current);
      continue;
    }
    if (current === undefined) continue;
    // The lines of a device function that was not inlined look the same; a kernel's own come first.
    const frame = properties.exec(line);
    if (frame && current.stackBytes === undefined) {
      current.stackBytes = Number(frame[1]);
      current.spillStoreBytes = Number(frame[2]);
      current.spillLoadBytes = Number(frame[3]);
    }
    const registers = used.exec(line);
    if (registers && current.registers === undefined) {
      current.registers = Number(registers[1]);
      current.sharedBytes = Number(shared.exec(line)?.[1] ?? 0);
    }
  }
  finish(current);
  return { kernels, notices };
}

function finish(kernel) {
  if (kernel === undefined) return;
  if (kernel.registers === undefined || kernel.stackBytes === undefined) {
    throw new Error(
      `Expected ptxas to report the registers and the stack of ${kernel.symbol} for ${kernel.architecture} but found no such lines`,
    );
  }
}
