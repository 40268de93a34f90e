/** BTF, the kernel's description of its types: Documentation/bpf/btf.rst. */

interface Type {
  readonly name: string;
  readonly kind: number;
  readonly size: number;
  /** Bits from the start of a struct, or an enumerator's value. */
  readonly members: readonly { readonly name: string; readonly type: number; readonly offset: number }[];
}

const [STRUCT, UNION, ENUM] = [4, 5, 6];
/** Bytes behind the three words of a type, for kinds with a fixed number. */
const EXTRA: Readonly<Record<number, number>> = { 1: 4, 3: 12, 14: 4, 17: 4 };

export class Btf {
  readonly #types: Type[] = [{ name: '', kind: 0, size: 0, members: [] }];

  /** @param bytes of /sys/kernel/btf/vmlinux */
  constructor(bytes: Buffer) {
    if (bytes.length < 24 || bytes.readUInt16LE(0) !== 0xeb9f) return;
    const head = bytes.readUInt32LE(4);
    const start = head + bytes.readUInt32LE(8);
    const end = start + bytes.readUInt32LE(12);
    const strings = head + bytes.readUInt32LE(16);
    const name = (offset: number): string => {
      const at = strings + offset;
      return bytes.toString('latin1', at, bytes.indexOf(0, at));
    };
    for (let at = start; at < end; ) {
      const info = bytes.readUInt32LE(at + 4);
      const kind = (info >>> 24) & 0x1f;
      const count = info & 0xffff;
      const bitfields = info >>> 31 === 1;
      const size = bytes.readUInt32LE(at + 8);
      const own = name(bytes.readUInt32LE(at));
      at += 12;
      const members: Type['members'][number][] = [];
      if (kind === STRUCT || kind === UNION) {
        for (let i = 0; i < count; i++, at += 12) {
          const offset = bytes.readUInt32LE(at + 8);
          members.push({
            name: name(bytes.readUInt32LE(at)),
            type: bytes.readUInt32LE(at + 4),
            offset: bitfields ? offset & 0xffffff : offset,
          });
        }
      } else if (kind === ENUM) {
        for (let i = 0; i < count; i++, at += 8)
          members.push({ name: name(bytes.readUInt32LE(at)), type: 0, offset: bytes.readInt32LE(at + 4) });
      } else if (kind === 13) at += count * 8;
      else if (kind === 15) at += count * 12;
      else if (kind === 19) at += count * 12;
      else at += EXTRA[kind] ?? 0;
      this.#types.push({ name: own, kind, size, members });
    }
  }

  /** Bytes from the start of a struct to a member, of it or of unnamed structs in it; undefined if there is none. */
  offset(struct: string, member: string): number | undefined {
    const type = this.#types.find(({ kind, name }) => kind === STRUCT && name === struct);
    const bits = type && this.#bits(type, member);
    return bits === undefined ? undefined : bits / 8;
  }

  #bits(type: Type, member: string): number | undefined {
    for (const { name, type: of, offset } of type.members) {
      if (name === member) return offset;
      const inner = this.#types[of];
      if (name === '' && inner && (inner.kind === STRUCT || inner.kind === UNION)) {
        const found = this.#bits(inner, member);
        if (found !== undefined) return offset + found;
      }
    }
    return undefined;
  }

  size(struct: string): number | undefined {
    return this.#types.find(({ kind, name }) => kind === STRUCT && name === struct)?.size;
  }

  enumerator(name: string): number | undefined {
    for (const { kind, members } of this.#types) {
      if (kind !== ENUM) continue;
      const found = members.find((one) => one.name === name);
      if (found) return found.offset;
    }
    return undefined;
  }
}
