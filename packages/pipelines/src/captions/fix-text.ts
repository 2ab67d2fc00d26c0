import { decodeHTMLStrict } from "entities";

const LIGATURES: Readonly<Record<string, string>> = {
  Ĳ: "IJ",
  ĳ: "ij",
  ŉ: "ʼn",
  Ǳ: "DZ",
  ǲ: "Dz",
  ǳ: "dz",
  Ǆ: "DŽ",
  ǅ: "Dž",
  ǆ: "dž",
  Ǉ: "LJ",
  ǈ: "Lj",
  ǉ: "lj",
  Ǌ: "NJ",
  ǋ: "Nj",
  ǌ: "nj",
  ﬀ: "ff",
  ﬁ: "fi",
  ﬂ: "fl",
  ﬃ: "ffi",
  ﬄ: "ffl",
  ﬅ: "ſt",
  ﬆ: "st",
};
const LIGATURE = new RegExp(`[${Object.keys(LIGATURES).join("")}]`, "g");
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is removed
const CONTROL = /[\0-\x08\x0b\x0e-\x1f\x7f\u206a-\u206f\ufeff\ufff9-\ufffc]/g;
/** The bytes 80 to 9F as Windows-1252 has them; five are controls there too. (Node 20's own decoder reads them as Latin-1.) */
const WINDOWS_1252 = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ";

/**
 * `ftfy.fix_text` with its defaults, but for the repair of mojibake (text decoded in the wrong encoding), which is left
 * as it is: references, C1 controls, Latin ligatures, full and half width, curly quotes, line breaks, control
 * characters, NFC; line by line, until nothing changes.
 */
export function fixText(text: string): string {
  let decode = true;
  return text
    .split(/(?<=\n)/)
    .map((line) => {
      if (line.includes("<")) decode = false;
      return fixLine(line, decode);
    })
    .join("");
}

function fixLine(line: string, decode: boolean): string {
  for (let text = line; ; ) {
    const before = text;
    if (decode) text = text.replace(/&#?[0-9A-Za-z]{1,24};/g, (found) => decodeHTMLStrict(found));
    text = text
      .replace(/[\x80-\x9f]/g, (c) => WINDOWS_1252[c.charCodeAt(0) - 0x80]!)
      .replace(LIGATURE, (c) => LIGATURES[c]!)
      .replace(/[\uff01-\uffef\u3000]/g, (c) => c.normalize("NFKC"))
      .replace(/[\u201c-\u201f]/g, '"')
      .replace(/[\u02bc\u2018-\u201b]/g, "'")
      .replace(/\r\n?|[\u2028\u2029\x85]/g, "\n")
      .replace(/\p{Surrogate}/gu, "\ufffd")
      .replace(CONTROL, "")
      .normalize("NFC");
    if (text === before) return text;
  }
}
