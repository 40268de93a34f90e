import { type DebugNode, type DebugNodes, numberOf, stringOf } from './node.ts';

/** A member of a struct or union. Offsets and sizes of bit-fields are in bits, of others in bytes. */
export interface Member {
  /** '' for an anonymous struct or union. */
  readonly name: string;
  /** In bytes from the start of the struct; for a bit-field, of the byte that contains its first bit. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
  /** For a bit-field: its first bit from the start of the struct, and the number of bits. */
  readonly bits: { readonly at: number; readonly n: number } | null;
  readonly type: DebugNode | null;
}

export interface StructLayout {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly members: readonly Member[];
}

const STRUCT = new Set(['DW_TAG_structure_type', 'DW_TAG_union_type']);

/** The target of a path of members. */
export interface MemberPlace {
  readonly offset: number;
  readonly size: number;
  readonly bits: Member['bits'];
  readonly type: DebugNode | null;
}

/** Structs and enumerators by their C names, from the debug metadata of a module. */
export class Layouts {
  readonly #nodes: DebugNodes;
  #structs: ReadonlyMap<string, DebugNode> | null = null;
  #enumerators: ReadonlyMap<string, number> | null = null;
  readonly #known = new Map<DebugNode, StructLayout>();

  constructor(nodes: DebugNodes) {
    this.#nodes = nodes;
  }

  /** The struct or union with a tag; null if the module has none with members. */
  struct(name: string): StructLayout | null {
    this.#structs ??= this.#findStructs();
    const node = this.#structs.get(name);
    return node ? this.#layout(node) : null;
  }

  /** The names of all structs and unions with a tag. */
  get names(): readonly string[] {
    this.#structs ??= this.#findStructs();
    return [...this.#structs.keys()];
  }

  /** The value of an enumerator; undefined if the module has none of this name. */
  enumerator(name: string): number | undefined {
    this.#enumerators ??= this.#findEnumerators();
    return this.#enumerators.get(name);
  }

  /**
   * The place of `a.b[2].c` in a struct. Members of anonymous structs and unions are found as C finds them.
   * @returns null if there is no such member
   */
  place(struct: string, path: string): MemberPlace | null {
    const start = this.struct(struct);
    if (!start) return null;
    let layout: StructLayout | null = start;
    let place: MemberPlace = { offset: 0, size: start.size, bits: null, type: null };
    for (const step of path.match(/\w+|\[\d+\]/g) ?? []) {
      if (step.startsWith('[')) {
        const element = place.type && this.#element(place.type);
        if (!element) return null;
        const size = this.sizeOf(element);
        place = { offset: place.offset + Number(step.slice(1, -1)) * size, size, bits: null, type: element };
      } else {
        const member: Member | null = layout && this.#member(layout, step);
        if (!member) return null;
        place = { ...member, offset: place.offset + member.offset };
      }
      const type = place.type && this.#bare(place.type);
      layout = type && STRUCT.has(tagOf(type)) ? this.#layout(type) : null;
    }
    return place;
  }

  /** Bytes of a type. */
  sizeOf(type: DebugNode): number {
    const bare = this.#bare(type);
    return bare ? numberOf(bare, 'size') / 8 : 0;
  }

  /** The type without typedefs and qualifiers. */
  #bare(type: DebugNode): DebugNode | null {
    let at: DebugNode | null = type;
    while (at && at.kind === 'DIDerivedType' && ALIASES.has(tagOf(at))) at = this.#nodes.of(at, 'baseType');
    return at;
  }

  #element(type: DebugNode): DebugNode | null {
    const bare = this.#bare(type);
    return bare && tagOf(bare) === 'DW_TAG_array_type' ? this.#nodes.of(bare, 'baseType') : null;
  }

  #member(layout: StructLayout, name: string): Member | null {
    for (const member of layout.members) {
      if (member.name === name) return member;
      const inner = member.name === '' && member.type && this.#bare(member.type);
      const found = inner && this.#member(this.#layout(inner), name);
      if (found)
        return { ...found, offset: member.offset + found.offset, bits: shift(found.bits, member.offset) };
    }
    return null;
  }

  #layout(node: DebugNode): StructLayout {
    const known = this.#known.get(node);
    if (known) return known;
    const members = this.#nodes
      .listOf(node, 'elements')
      .filter((member) => tagOf(member) === 'DW_TAG_member')
      .map((member) => this.#memberOf(member));
    const layout = { name: stringOf(node, 'name'), size: numberOf(node, 'size') / 8, members };
    this.#known.set(node, layout);
    return layout;
  }

  #memberOf(node: DebugNode): Member {
    const type = this.#nodes.of(node, 'baseType');
    const at = numberOf(node, 'offset');
    const n = numberOf(node, 'size');
    const isBits = (node.fields.get('flags') ?? '').includes('DIFlagBitField');
    return {
      name: stringOf(node, 'name'),
      offset: Math.floor(at / 8),
      size: n / 8,
      bits: isBits ? { at, n } : null,
      type,
    };
  }

  #findStructs(): ReadonlyMap<string, DebugNode> {
    const found = new Map<string, DebugNode>();
    for (const number of this.#nodes.all('DICompositeType')) {
      const node = this.#nodes.at(number)!;
      const name = stringOf(node, 'name');
      // a struct that is only declared has no members
      if (name !== '' && STRUCT.has(tagOf(node)) && node.fields.has('elements')) found.set(name, node);
    }
    return found;
  }

  #findEnumerators(): ReadonlyMap<string, number> {
    const found = new Map<string, number>();
    for (const number of this.#nodes.all('DIEnumerator')) {
      const node = this.#nodes.at(number)!;
      found.set(stringOf(node, 'name'), numberOf(node, 'value'));
    }
    return found;
  }
}

/** Tags of types that are another type under another name or with a qualifier. */
export const ALIASES = new Set([
  'DW_TAG_typedef',
  'DW_TAG_const_type',
  'DW_TAG_volatile_type',
  'DW_TAG_atomic_type',
]);

const tagOf = (node: DebugNode): string => node.fields.get('tag') ?? '';

const shift = (bits: Member['bits'], bytes: number): Member['bits'] =>
  bits && { at: bits.at + 8 * bytes, n: bits.n };
