// HTML that is escaped by default: what goes into a template is text, unless it is markup itself.

/** Finished HTML. */
export interface Markup {
  readonly markup: string;
}

type Part = string | number | false | Markup | undefined | readonly Part[];

/** `html\`<p>${text}</p>\``: texts and numbers are escaped, markup and lists of it are inserted, undefined and false give nothing. */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return { markup: texts.map((text, at) => text + (at < parts.length ? rendered(parts[at]) : '')).join('') };
}

/** HTML that is known to be safe, such as a style sheet of this repository. */
export const trusted = (markup: string): Markup => ({ markup });

/** Text for an element or a quoted attribute. */
export const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

function rendered(part: Part): string {
  if (part === undefined || part === false) return '';
  if (typeof part === 'string' || typeof part === 'number') return escaped(String(part));
  return 'markup' in part ? part.markup : part.map(rendered).join('');
}
