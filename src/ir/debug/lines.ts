import { ALIASES } from './layouts.ts';
import { type DebugNode, type DebugNodes, numberOf, reference, stringOf } from './node.ts';

/** A place in the C source. */
export interface SourcePlace {
  /** The function that contains the text. */
  readonly fn: string;
  /** The name that was passed to the compiler. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A local variable of C. */
export interface SourceVariable {
  readonly name: string;
  readonly line: number;
  /** The function that declares it. */
  readonly fn: string;
  /** In bytes; 0 if its type does not say. */
  readonly size: number;
  readonly boolean: boolean;
}

/** Places of instructions, from the debug metadata of a module. */
export class Lines {
  readonly #nodes: DebugNodes;

  constructor(nodes: DebugNodes) {
    this.#nodes = nodes;
  }

  /** The place of a location and those where it was inlined, innermost first; empty for -1. */
  chain(location: number): readonly SourcePlace[] {
    const chain: SourcePlace[] = [];
    for (let at = location; at >= 0; ) {
      const node = this.#nodes.at(at);
      if (!node) break;
      const scope = this.#nodes.of(node, 'scope');
      chain.push({
        fn: this.#functionOf(scope),
        file: this.#fileOf(scope),
        line: numberOf(node, 'line'),
        column: numberOf(node, 'column'),
      });
      at = reference(node, 'inlinedAt');
    }
    return chain;
  }

  /** The variable of a record; null if there is none. */
  variable(number: number): SourceVariable | null {
    const node = this.#nodes.at(number);
    if (node?.kind !== 'DILocalVariable') return null;
    let type = this.#nodes.of(node, 'type');
    while (type && ALIASES.has(type.fields.get('tag') ?? '')) type = this.#nodes.of(type, 'baseType');
    return {
      name: stringOf(node, 'name'),
      line: numberOf(node, 'line'),
      fn: this.#functionOf(this.#nodes.of(node, 'scope')),
      size: type ? numberOf(type, 'size') / 8 : 0,
      boolean: type?.fields.get('encoding') === 'DW_ATE_boolean',
    };
  }

  #functionOf(scope: DebugNode | null): string {
    let at = scope;
    while (at && at.kind !== 'DISubprogram') at = this.#nodes.of(at, 'scope');
    return at ? stringOf(at, 'name') : '';
  }

  #fileOf(scope: DebugNode | null): string {
    const file = scope && this.#nodes.of(scope, 'file');
    return file ? stringOf(file, 'filename') : '';
  }
}
