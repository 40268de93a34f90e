import { createElement, Fragment, type ReactNode } from 'react';
import type { Element, Node } from '../../src/report/page/element.ts';

/** Parts of pages and drawings as React: the lab shows what the exported pages show. */

const NAMES: Readonly<Record<string, string>> = {
  class: 'className',
  colspan: 'colSpan',
  tabindex: 'tabIndex',
  'text-anchor': 'textAnchor',
};

/** "left:4px;top:0" as React wants it. */
const styleOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    text
      .split(';')
      .filter((part) => part.includes(':'))
      .map((part) => part.split(':', 2) as [string, string]),
  );

function propsOf({ attributes }: Element): Record<string, unknown> {
  const props: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (name === 'style') props.style = styleOf(String(value));
    else props[NAMES[name] ?? name] = value;
  }
  return props;
}

const isList = (node: Node): node is readonly Node[] => Array.isArray(node);

export function toReact(node: Node): ReactNode {
  if (node === null || node === undefined || node === false) return null;
  if (typeof node === 'string' || typeof node === 'number') return node;
  // parts of a page keep their order: their places are their keys
  if (isList(node)) return createElement(Fragment, {}, ...node.map(toReact));
  return createElement(node.tag, propsOf(node), ...node.children.map(toReact));
}
