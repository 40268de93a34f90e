import { UserError } from '../../errors/user-error.ts';
import { type Arm64Geometry, arm64Address } from './arm64-tables.ts';
import type { GuestRam } from './guest-ram.ts';
import type { X86Geometry } from './x86-tables.ts';

/** The kernel's addresses, read from outside by its own page tables. */
export class AddressSpace {
  readonly #ram: GuestRam;
  readonly #walk: (va: bigint) => { readonly pa: bigint; readonly left: number } | null;

  constructor(ram: GuestRam, arch: { readonly arm64: Arm64Geometry } | { readonly x86_64: X86Geometry }) {
    this.#ram = ram;
    this.#walk =
      'arm64' in arch ? (va) => walkArm64(ram, arch.arm64, va) : (va) => walkX86(ram, arch.x86_64, va);
  }

  /** The bytes at a kernel address; null if a part of them is not mapped. */
  tryRead(va: bigint, length: number): Buffer | null {
    const parts: Buffer[] = [];
    for (let done = 0; done < length; ) {
      const at = this.#walk(va + BigInt(done));
      if (at === null) return null;
      const part = Math.min(length - done, at.left);
      if (!this.#ram.has(Number(at.pa), part)) return null;
      parts.push(this.#ram.read(Number(at.pa), part));
      done += part;
    }
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }

  /** @throws UserError if a part of them is not mapped */
  read(va: bigint, length: number): Buffer {
    const bytes = this.tryRead(va, length);
    if (bytes === null) throw new UserError(`the kernel has nothing at 0x${va.toString(16)}`);
    return bytes;
  }

  word(va: bigint): bigint {
    return this.read(va, 8).readBigUInt64LE();
  }
}

function walkX86(ram: GuestRam, { root, levels }: X86Geometry, va: bigint) {
  let table = root;
  for (let level = levels as number; level >= 1; level--) {
    const shift = [12, 21, 30, 39, 48][level - 1]!;
    const index = Number((va >> BigInt(shift)) & 511n);
    const entry = ram.read(table + index * 8, 8).readBigUInt64LE();
    if ((entry & 1n) === 0n) return null;
    const address = entry & (2n ** 52n - 1n) & ~4095n;
    if (level === 1 || entry & 128n) return within(address, va, shift);
    table = Number(address);
  }
  return null;
}

function walkArm64(ram: GuestRam, g: Arm64Geometry, va: bigint) {
  const shift = Math.log2(g.page_size);
  const stride = shift - 3;
  const levels = Math.ceil((g.va_bits - shift) / stride);
  let table = g.root;
  for (let level = 4 - levels; level <= 3; level++) {
    const own = shift + stride * (3 - level);
    const bits = level === 4 - levels ? g.va_bits - own : stride;
    const index = Number((va >> BigInt(own)) & ((1n << BigInt(bits)) - 1n));
    const entry = ram.read(table + index * 8, 8).readBigUInt64LE();
    if ((entry & 1n) === 0n) return null;
    const address = arm64Address(entry, g);
    if (level === 3 || (entry & 2n) === 0n) return within(address, va, own);
    table = Number(address);
  }
  return null;
}

function within(address: bigint, va: bigint, shift: number) {
  const mask = (1n << BigInt(shift)) - 1n;
  return { pa: (address & ~mask) | (va & mask), left: Number(mask + 1n - (va & mask)) };
}
