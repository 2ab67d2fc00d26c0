import { decodeHTML } from "entities";
import { fixText } from "./fix-text.js";
import { htmlText } from "./html-text.js";
import { pythonPattern, strip, unquotePlus } from "./python-text.js";

type Rule = readonly [pattern: RegExp, replacement: string];

const rule = (pattern: string, replacement: string): Rule => [pythonPattern(pattern), replacement];

const HOST = "[a-zA-Z0-9.\\-]+[.](?:com|co|ru|net|org|edu|gov|it)[{w}\\/\\-]*{b}\\/?(?!@)";
const FILE_TYPE = "(?:png|jpg|jpeg|bmp|webp|eps|pdf|apk|mp4)";

const BEFORE_HTML: readonly Rule[] = [
  rule("<person>", "person"),
  rule(`{b}(?:https?:(?:\\/{1,3}|[a-zA-Z0-9%])|${HOST})`, ""),
  rule(`{b}(?:www:(?:\\/{1,3}|[a-zA-Z0-9%])|${HOST})`, ""),
];

const AFTER_HTML: readonly Rule[] = [
  rule("@[{w}]+{b}", ""), // nicknames
  rule("[\\u31c0-\\u31ff\\u3200-\\u4dff\\u4e00-\\u9fff]+", ""), // CJK strokes to unified ideographs
  rule(
    "[\\-\\u058a\\u05be\\u1400\\u1806\\u2010-\\u2015\\u2e17\\u2e1a\\u2e3a\\u2e3b\\u2e40\\u301c\\u3030\\u30a0\\ufe31\\ufe32\\ufe58\\ufe63\\uff0d]+",
    "-",
  ),
  rule("[`´«»“”¨]", '"'),
  rule("[‘’]", "'"),
  rule("&quot;?", ""),
  rule("&amp", ""),
  rule("[{d}]{1,3}\\.[{d}]{1,3}\\.[{d}]{1,3}\\.[{d}]{1,3}", " "), // addresses
  rule("[{d}]:[{d}][{d}][{s}]+$", ""), // article numbers
  rule("\\\\n", " "),
  rule("#[{d}]{1,3}{b}", ""),
  rule("#[{d}]{5,}{b}", ""),
  rule("{b}[{d}]{6,}{b}", ""),
  rule(`[^{s}]+\\.${FILE_TYPE}`, ""),
  rule(`["']{2,}`, '"'),
  rule("\\.{2,}", " "),
  rule("[#®•©™&@·º½¾¿¡§~)(\\]\\[}{|\\\\\\/*]+", " "),
  rule("[{s}]+\\.[{s}]+", " "),
];

const LAST: readonly Rule[] = [
  rule("{b}[a-zA-Z]{1,3}[{d}]{3,15}{b}", ""), // jc6640
  rule("{b}[a-zA-Z]+[{d}]+[a-zA-Z]+{b}", ""), // jc6640vc
  rule("{b}[{d}]+[a-zA-Z]+[{d}]+{b}", ""), // 6640vc231
  rule("(?:worldwide[{s}]+)?(?:free[{s}]+)?shipping", ""),
  rule("(?:free[{s}])?download(?:[{s}]free)?", ""),
  rule("{b}click{b}[{s}](?:for|on)[{s}][{w}]+", ""),
  rule(`{b}${FILE_TYPE}(?:[{s}]image[s]?)?`, ""),
  rule("{b}page[{s}]+[{d}]+{b}", ""),
  rule("{b}[{d}]*[a-zA-Z]+[{d}]+[a-zA-Z]+[{d}]+[a-zA-Z{d}]*{b}", " "), // j2d1a2a
  rule("{b}[{d}]+\\.?[{d}]*[xх×][{d}]+\\.?[{d}]*{b}", ""), // sizes; the second x is Cyrillic
  rule("{b}[{s}]+:[{s}]+", ": "),
  rule("([^{d}][,.\\/]){b}", "$1 "),
  rule("[{s}]+", " "),
  rule(`^["']([\\s\\S]+)["']$`, "$1"),
  rule("^['_,\\-:;]", ""),
  rule("['_,\\-:+]$", ""),
  rule("^\\.[^{s}]+$", ""),
];

/** More hyphens and underscores than this are separators: this-is-my-cute-cat. */
const FEW_SEPARATORS = 3;

/**
 * Cleans a caption once. Upstream: `PixArtAlphaPipeline._clean_caption` of diffusers, with BeautifulSoup and ftfy
 * installed; the pipelines apply it twice. What is not covered: ftfy's repair of mojibake, and the odder corners of
 * html.parser (see `htmlText`). The time may grow with the square of the length; pipelines pass 10,000 characters at most.
 */
export function cleanCaption(caption: string): string {
  let text = strip(unquotePlus(caption)).toLowerCase();
  text = apply(AFTER_HTML, htmlText(apply(BEFORE_HTML, text)));
  const separators = text.match(/[-_]/g)?.length ?? 0;
  if (separators > FEW_SEPARATORS) text = text.replace(/[-_]/g, " ");
  text = decodeHTML(decodeHTML(fixText(text)));
  return strip(apply(LAST, text));
}

function apply(rules: readonly Rule[], text: string): string {
  return rules.reduce((cleaned, [pattern, by]) => cleaned.replace(pattern, by), text);
}
