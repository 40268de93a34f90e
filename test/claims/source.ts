/** Texts in C and Kconfig files, by line. */

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** White space stands for any white space. */
const pattern = (text: string): RegExp => new RegExp(text.trim().split(/\s+/).map(escaped).join('\\s+'), 'g');

/** The definitions of the function, as [start, end) of the text. They end with "}" in column 1. */
function definitions(text: string, name: string): readonly [number, number][] {
  const definition = new RegExp(
    `^(?![ \\t#/*])[^;{}()#\\n]*\\b${name}[ \\t]*\\((?:[^;{}]|\\n)*?\\)[^;{}()]*\\{`,
    'gm',
  );
  return [...text.matchAll(definition)].map(({ index, 0: { length } }) => {
    const end = text.indexOf('\n}', index + length - 2);
    return [index, end < 0 ? text.length : end];
  });
}

const lineOf = (text: string, index: number): number => text.slice(0, index).split('\n').length;

export interface Wanted {
  readonly function?: string | undefined;
  readonly has?: readonly string[] | undefined;
  readonly lacks?: readonly string[] | undefined;
}

/** The line of the last text of `has`, or of the function if nothing must be there, or 0 for the file; or what is wrong. */
export function place(text: string, { function: name, has = [], lacks = [] }: Wanted): number | string {
  const parts = name === undefined ? [[0, text.length] as const] : definitions(text, name);
  if (parts.length === 0) return `no function ${name}`;
  let wrong = '';
  for (const [start, end] of parts) {
    let at = start;
    let line = name === undefined ? 0 : lineOf(text, start);
    const missing = has.find((one) => {
      const found = [...text.slice(at, end).matchAll(pattern(one))][0];
      if (!found) return true;
      line = lineOf(text, at + found.index);
      at += found.index + found[0].length;
      return false;
    });
    const present = lacks.find((one) => pattern(one).test(text.slice(start, end)));
    if (missing === undefined && present === undefined) return line;
    wrong ||= missing === undefined ? `has "${present}"` : `no "${missing}"`;
  }
  return wrong;
}
