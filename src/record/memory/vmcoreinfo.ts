/** The kernel's notes for those who read its memory: Documentation/admin-guide/kdump/vmcoreinfo.rst. */
export class Vmcoreinfo {
  readonly #values = new Map<string, string>();

  constructor(text: string) {
    for (const line of text.split('\n')) {
      const at = line.indexOf('=');
      if (at > 0) this.#values.set(line.slice(0, at), line.slice(at + 1).replace(/\0.*/s, ''));
    }
  }

  text(name: string): string | undefined {
    return this.#values.get(name);
  }

  /** NUMBER(), OFFSET(), SIZE() and LENGTH() are decimal; SYMBOL() hexadecimal. */
  number(name: string): bigint | undefined {
    const text = this.#values.get(name);
    if (text === undefined) return undefined;
    try {
      return name.startsWith('SYMBOL(') ? BigInt(`0x${text}`) : BigInt(text);
    } catch {
      return undefined;
    }
  }
}
