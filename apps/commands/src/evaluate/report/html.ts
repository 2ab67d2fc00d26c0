/** Text that is HTML already. */
export interface Html {
  readonly html: string;
}

type Value = string | number | Html | readonly Html[] | undefined;

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function encode(value: Value): string {
  if (value === undefined) return "";
  if (typeof value === "string")
    return value.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
  if (typeof value === "number") return String(value);
  return "html" in value ? value.html : value.map(({ html }) => html).join("");
}

/** HTML from a template; what is put into it is text unless it is `Html` itself. */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  return { html: parts.reduce((page, part, index) => page + encode(values[index - 1]) + part) };
}

/** Takes text for HTML: SVG that a library made, a style sheet. */
export function trusted(text: string): Html {
  return { html: text };
}

/** JSON for a script element: nothing in it can end the element. */
export function inlineJson(value: unknown): Html {
  return trusted(JSON.stringify(value).replaceAll("<", "\\u003c"));
}
