/** Control characters of C0 and C1, and the two separators that break lines; not the breaks between the lines of a list. */
const UNPRINTABLE = /(?!\n(?: {2}|[^\n]+:\n {2}))[\p{Cc}\u2028\u2029]/gu;

/**
 * A text that stays in its place and moves no cursor, for names of files and values in them are other people's:
 * "a\nb" becomes "a\\nb". A list, whose lines are indented under lines that end in a colon, stays as it is.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    const short = JSON.stringify(character).slice(1, -1);
    if (short !== character) return short;
    return `\\u${character.codePointAt(0)!.toString(16).padStart(4, "0")}`;
  });
}
