// Seeded mutations of files that begin with a length and a JSON header (safetensors, plans): the same seed gives the
// same inputs on every machine, so that a failure can be told by two numbers.

/**
 * A generator of uniform 32-bit whole numbers (mulberry32).
 * @param {number} seed any whole number
 * @returns {() => number}
 */
export function randomBits(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/**
 * Mutated copies of `bytes`, without end.
 * @param {Uint8Array} bytes
 * @param {number} seed
 * @returns {Generator<Uint8Array, never, void>}
 */
export function* mutations(bytes, seed) {
  const random = randomBits(seed);
  for (;;) yield mutate(bytes, random);
}

/**
 * One copy of `bytes` with one to four mutations.
 * @param {Uint8Array} bytes
 * @param {() => number} random uniform 32-bit whole numbers, as from `randomBits`
 * @returns {Uint8Array}
 */
export function mutate(bytes, random) {
  let mutated = bytes.slice();
  // Mostly one: several at once rarely get past the first check.
  const count = 1 + (random() % 8 === 0 ? random() % 4 : 0);
  for (let i = 0; i < count; i++) mutated = pick(MUTATORS, random)(mutated, random);
  return mutated;
}

const NUMBERS = [
  ..."0 1 2 3 7 8 63 64 127 128 255 256 65535 65536".split(" "),
  ..."2147483647 2147483648 4294967295 4294967296 9007199254740991 9007199254740992".split(" "),
  ..."18446744073709551615 18446744073709551616 -1 -0 0.5 1e3 1e308 1e999 -9007199254740993".split(
    " ",
  ),
  ...'null true "4" [] {} [1]'.split(" "),
];
const TOKENS = [
  ...'{ } [ ] , : " \\ \\u0000 \\ud800 \u0000 {} [] null ""'.split(" "),
  ..."F32 F16 BF16 F64 I64 I32 I8 U8 BOOL F4 F6_E2M3 f32 F33 constructor __proto__".split(" "),
  ...'__metadata__ dtype shape data_offsets "dtype":"F32", "shape":[], "data_offsets":[0,0],'.split(
    " ",
  ),
];
const LENGTHS = [0n, 1n, 2n, 7n, 8n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];

const encode = (/** @type {string} */ text) => new TextEncoder().encode(text);

/** @type {((bytes: Uint8Array, random: () => number) => Uint8Array)[]} */
const MUTATORS = [
  flipBit,
  setByte,
  truncate,
  extend,
  deleteRange,
  insertRandom,
  copyRange,
  copyToken,
  editToken,
  editToken,
  editNumber,
  editNumber,
  editNumber,
  shiftPair,
  editLength,
];

function flipBit(bytes, random) {
  if (bytes.length > 0) bytes[position(bytes, random)] ^= 1 << (random() % 8);
  return bytes;
}

function setByte(bytes, random) {
  if (bytes.length > 0) bytes[position(bytes, random)] = random();
  return bytes;
}

function truncate(bytes, random) {
  return bytes.slice(0, position(bytes, random));
}

function extend(bytes, random) {
  return splice(bytes, { at: bytes.length, remove: 0, insert: noise(1 + (random() % 16), random) });
}

function deleteRange(bytes, random) {
  return splice(bytes, { at: position(bytes, random), remove: 1 + (random() % 16), refit: random });
}

function insertRandom(bytes, random) {
  const insert = noise(1 + (random() % 8), random);
  return splice(bytes, { at: position(bytes, random), remove: 0, insert, refit: random });
}

function copyRange(bytes, random) {
  const from = position(bytes, random);
  const insert = bytes.slice(from, from + 1 + (random() % 64));
  return splice(bytes, { at: position(bytes, random), remove: 0, insert, refit: random });
}

/** Copies one string or flat list of the header over another: names that repeat, offsets that overlap, dtypes as names. */
function copyToken(bytes, random) {
  const tokens = matches(bytes, random() % 2 === 0 ? /"[^"]*"/g : /\[[^[\]]*\]/g);
  if (tokens.length < 2) return bytes;
  const [from, to] = [pick(tokens, random), pick(tokens, random)];
  const insert = encode(from.text);
  return splice(bytes, { at: to.at, remove: to.text.length, insert, refit: random });
}

/** Puts something else in the place of a word, a sign or a whole flat object. */
function editToken(bytes, random) {
  const flatObject = random() % 4 === 0;
  const tokens = matches(bytes, flatObject ? /\{[^{}]*\}/g : /[A-Za-z_][A-Za-z0-9_]*|[{}[\],:"]/g);
  if (tokens.length === 0) return bytes;
  const { at, text } = pick(tokens, random);
  const insert = encode(pick(flatObject ? NUMBERS : TOKENS, random));
  return splice(bytes, { at, remove: text.length, insert, refit: random });
}

function editNumber(bytes, random) {
  const numbers = matches(bytes, /-?\d+(\.\d+)?/g);
  if (numbers.length === 0) return bytes;
  const { at, text } = pick(numbers, random);
  const near = String(Number(text) + pick([-4, -1, 1, 4], random));
  const insert = encode(random() % 2 === 0 ? near : pick(NUMBERS, random));
  return splice(bytes, { at, remove: text.length, insert, refit: random });
}

/** Moves both ends of a range: what looks at one range alone finds nothing wrong. */
function shiftPair(bytes, random) {
  const pairs = matches(bytes, /\[\d+,\d+\]/g);
  if (pairs.length === 0) return bytes;
  const { at, text } = pick(pairs, random);
  const shift = pick([-8, -4, -1, 1, 4, 8], random);
  const insert = encode(text.replace(/\d+/g, (number) => String(Number(number) + shift)));
  return splice(bytes, { at, remove: text.length, insert, refit: random });
}

function editLength(bytes, random) {
  if (bytes.length < 8) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const near = view.getBigUint64(0, true) + BigInt((random() % 17) - 8);
  view.setBigUint64(0, random() % 2 === 0 ? near : pick(LENGTHS, random), true);
  return bytes;
}

/**
 * Replaces a range. With `refit` the header's length mostly follows, so that the change is seen by what
 * comes after the length check.
 */
function splice(bytes, { at, remove, insert = new Uint8Array(0), refit }) {
  const end = Math.min(at + remove, bytes.length);
  const spliced = new Uint8Array(at + insert.length + bytes.length - end);
  spliced.set(bytes.subarray(0, at));
  spliced.set(insert, at);
  spliced.set(bytes.subarray(end), at + insert.length);
  const header = headerEnd(bytes);
  if (refit !== undefined && at >= 8 && end <= header && refit() % 8 !== 0) {
    const length = BigInt(header - 8 + spliced.length - bytes.length);
    new DataView(spliced.buffer).setBigUint64(0, length, true);
  }
  return spliced;
}

/** Where the header ends by its own account, but within the bytes. */
function headerEnd(bytes) {
  if (bytes.length < 8) return bytes.length;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  return Math.min(bytes.length, 8 + Number(length));
}

function matches(bytes, pattern) {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, headerEnd(bytes)).toString("latin1");
  return [...text.matchAll(pattern)].map((match) => ({ at: match.index, text: match[0] }));
}

/** Half of the time within the header, however large the data. */
function position(bytes, random) {
  const range = random() % 2 === 0 ? headerEnd(bytes) : bytes.length;
  return range === 0 ? 0 : random() % range;
}

function noise(length, random) {
  return Uint8Array.from({ length }, random);
}

/**
 * @template T
 * @param {readonly T[]} items
 * @param {() => number} random
 * @returns {T}
 */
function pick(items, random) {
  return /** @type {T} */ (items[random() % items.length]);
}
