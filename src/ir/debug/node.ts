import type { IrModule } from '../read/module.ts';

/**
 * A node of debug metadata: `!DICompositeType(name: "page", size: 512, elements: !12)`, or a list `!{!1, !2}`. Fields
 * are stored as written; the functions below read them.
 */
export interface DebugNode {
  /** "DICompositeType"; "" for a list. */
  readonly kind: string;
  readonly fields: ReadonlyMap<string, string>;
  /** Numbers of the nodes of a list; -1 for null. */
  readonly list: readonly number[];
}

const FIELD = /(\w+): ("(?:[^"\\]|\\.)*"|[^,"()]*(?:\([^)]*\))?)(?:, |$)/g;

/** Reads nodes of a module on demand, each once. */
export class DebugNodes {
  readonly #module: IrModule;
  readonly #known = new Map<number, DebugNode | null>();

  constructor(module: IrModule) {
    this.#module = module;
  }

  /** Null if there is no node with this number. */
  at(number: number): DebugNode | null {
    const known = this.#known.get(number);
    if (known !== undefined) return known;
    const text = this.#module.metadata(number);
    const node = text === undefined ? null : parse(text);
    this.#known.set(number, node);
    return node;
  }

  /** The node to which a field of another refers. */
  of(node: DebugNode, field: string): DebugNode | null {
    const number = reference(node, field);
    return number < 0 ? null : this.at(number);
  }

  /** The nodes of the list to which a field refers. */
  listOf(node: DebugNode, field: string): readonly DebugNode[] {
    const list = this.of(node, field)?.list ?? [];
    return list.flatMap((number) => this.at(number) ?? []);
  }

  /** Numbers of all nodes of a kind. */
  all(kind: string): readonly number[] {
    return this.#module.metadataOf(`!${kind}(`);
  }
}

function parse(text: string): DebugNode {
  if (text.startsWith('!{')) {
    const items = text.slice(2, -1).split(', ');
    const list =
      text === '!{}' ? [] : items.map((item) => (/^!\d+$/.test(item) ? Number(item.slice(1)) : -1));
    return { kind: '', fields: new Map(), list };
  }
  const open = text.indexOf('(');
  const fields = new Map<string, string>();
  for (const [, name, value] of text.slice(open + 1, -1).matchAll(FIELD)) fields.set(name!, value!);
  return { kind: text.slice(1, open), fields, list: [] };
}

/** A string field; '' if it is missing. */
export const stringOf = (node: DebugNode, field: string): string =>
  node.fields.get(field)?.slice(1, -1) ?? '';

/** An integer field; 0 if it is missing, because LLVM omits zeros. */
export const numberOf = (node: DebugNode, field: string): number => Number(node.fields.get(field) ?? 0);

/** The number of the node to which a field refers; -1 if it is missing. */
export function reference(node: DebugNode, field: string): number {
  const value = node.fields.get(field);
  return value !== undefined && /^!\d+$/.test(value) ? Number(value.slice(1)) : -1;
}
