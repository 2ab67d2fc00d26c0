import { decodeHTMLStrict } from "entities";

/**
 * Markup in the order in which Python's html.parser looks for it. What is not closed is text, in which references stay
 * as they are; of a reference that is one letter at the very end, only the letter stays.
 */
const MARKUP = new RegExp(
  [
    String.raw`<!--[\s\S]*?--\s*>`,
    String.raw`<!\[cdata\[(?<cdata>[\s\S]*?)\]\]>`,
    String.raw`<(?:!(?!--)|\?)[^>]*>`,
    String.raw`<(?<raw>script|style)(?![^\s/>])[^>]*>(?:[\s\S]*?</\s*\k<raw>\s*>|[\s\S]*$)`,
    `<[a-z](?:[^>"']|"[^"]*"|'[^']*')*>`,
    "</?[a-z][^>]*>",
    "</[^>]*>",
    "(?<unclosed><!--[^>]*>|<[!?/a-z][^<]*(?=<))",
    "&(?=[a-z#]$)",
    "&(?<name>[a-z][-.a-z0-9]*)(?:;|(?=[^a-z0-9]))",
    "&#(?<code>[0-9]+|x[0-9a-f]+)(?:;|(?=[^0-9a-f]))",
  ].join("|"),
  "gi",
);

/**
 * The text of a piece of HTML, as `BeautifulSoup(html, "html.parser").text` gives it for what captions hold: tags,
 * comments, declarations, scripts and styles vanish, CDATA stays, references are decoded. An unknown reference loses
 * its semicolon, one at the very end stays as it is. Not covered: templates, and marked sections other than CDATA.
 */
export function htmlText(html: string): string {
  return html.replace(MARKUP, (...match: unknown[]) => {
    const { cdata, unclosed, name, code } = match.at(-1) as Record<string, string | undefined>;
    if (cdata !== undefined) return cdata;
    if (unclosed !== undefined) return unclosed;
    if (name !== undefined) {
      const reference = `&${name};`;
      const decoded = decodeHTMLStrict(reference);
      return decoded === reference ? `&${name}` : decoded;
    }
    return code === undefined ? "" : decodeHTMLStrict(`&#${code};`);
  });
}
