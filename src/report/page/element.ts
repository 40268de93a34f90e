/** A part of a page or drawing: an element of HTML or SVG, text, or nothing. A page is made from it as text, the lab as React. */
export type Node = Element | string | number | null | false | undefined | readonly Node[];

export interface Element {
  readonly tag: string;
  /** By attribute; undefined and false leave it out, true gives it without a value. */
  readonly attributes: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly children: readonly Node[];
}

/** An element: `h('td', { class: 'step' }, 12)`. */
export const h = (
  tag: string,
  attributes: Element['attributes'] = {},
  ...children: readonly Node[]
): Element => ({ tag, attributes, children });

/** Elements without content, which HTML writes without an end tag. */
const VOID: ReadonlySet<string> = new Set(['br', 'col', 'hr', 'img', 'input', 'link', 'meta']);

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text in which nothing is markup. */
export const escaped = (text: string): string => text.replace(/[&<>"]/g, (c) => ESCAPES[c]!);

const isList = (node: Node): node is readonly Node[] => Array.isArray(node);

/** An element as HTML or SVG. */
export function markup(node: Node): string {
  if (node === null || node === undefined || node === false) return '';
  if (typeof node === 'string' || typeof node === 'number') return escaped(`${node}`);
  if (isList(node)) return node.map(markup).join('');
  const attributes = Object.entries(node.attributes).flatMap(([name, value]) =>
    value === undefined || value === false
      ? []
      : [value === true ? ` ${name}` : ` ${name}="${escaped(`${value}`)}"`],
  );
  const open = `<${node.tag}${attributes.join('')}>`;
  return VOID.has(node.tag) ? open : `${open}${node.children.map(markup).join('')}</${node.tag}>`;
}
