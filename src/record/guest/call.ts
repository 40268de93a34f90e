import { UserError } from '../../errors/user-error.ts';
import type { Arch } from '../../geometry/sizes.ts';
import type { Gdb } from '../qemu/gdb.ts';
import type { Channel } from './channel.ts';

/**
 * Calls of kernel functions: the guest runs sync(2), whose handler has a breakpoint; registers and stack are made those of a
 * call that returns to the same breakpoint, and all is put back there.
 */

/** Registers in the layout of QEMU's stub: bytes from the start. */
interface Registers {
  readonly arguments: readonly number[];
  readonly result: number;
  readonly pc: number;
  readonly sp: number;
  /** What a call may change and must be put back. */
  readonly general: readonly [start: number, end: number];
  /** The register with the return address; null if that is on the stack. */
  readonly link: number | null;
}

/** gdb-xml/i386-64bit.xml: rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp, r8 … r15, rip, eflags. */
const X86: Registers = {
  arguments: [5, 4, 3, 2, 8, 9].map((n) => n * 8),
  result: 0,
  pc: 16 * 8,
  sp: 7 * 8,
  general: [0, 16 * 8 + 8 + 4],
  link: null,
};

/** gdb-xml/aarch64-core.xml: x0 … x30, sp, pc, cpsr. */
const ARM64: Registers = {
  arguments: [0, 1, 2, 3, 4, 5, 6, 7].map((n) => n * 8),
  result: 0,
  pc: 32 * 8,
  sp: 31 * 8,
  general: [0, 33 * 8 + 4],
  link: 30 * 8,
};

/** An argument: a number, or a text of which the function gets the address. */
export type Argument = bigint | string;

/** Stack that a call leaves alone, for texts. */
const ROOM = 512n;

export class Caller {
  readonly #gdb: Gdb;
  readonly #channel: Channel;
  readonly #registers: Registers;
  readonly #symbols: ReadonlyMap<string, bigint>;
  readonly #entry: bigint;

  /** @throws UserError if the kernel's symbols lack the handler of sync(2) */
  constructor(arch: Arch, gdb: Gdb, channel: Channel, symbols: ReadonlyMap<string, bigint>) {
    this.#gdb = gdb;
    this.#channel = channel;
    this.#registers = arch === 'arm64' ? ARM64 : X86;
    this.#symbols = symbols;
    const entry = symbols.get(arch === 'arm64' ? '__arm64_sys_sync' : '__x64_sys_sync');
    if (entry === undefined) throw new UserError('the kernel has no handler of sync(2) in kallsyms');
    this.#entry = entry;
  }

  /**
   * Calls a function and returns what it returned, as a signed 64-bit number.
   * @throws UserError if it does not return in time, or the kernel has no such function
   */
  async call(name: string, args: readonly Argument[], seconds: number, signal: AbortSignal): Promise<bigint> {
    return (await this.#perform(name, args, seconds, signal)).result;
  }

  /**
   * Checks that arguments arrive in order, by a call that only formats text.
   * @throws UserError if they do not
   */
  async check(signal: AbortSignal): Promise<void> {
    const values =
      this.#registers === ARM64 ? [0x1234n, 0x5678n, 0x9abcn, 0xdef0n] : [0x1234n, 0x5678n, 0x9abcn];
    const format = values.map(() => '%lx').join(' ');
    const room = ' '.repeat(40);
    const { texts } = await this.#perform('snprintf', [room, 40n, format, ...values], 20, signal);
    const expected = values.map((value) => value.toString(16)).join(' ');
    const found = texts[0]!.toString('latin1').replace(/\0.*/s, '');
    if (found !== expected)
      throw new UserError(`a call in the guest got its arguments wrong: "${found}" instead of "${expected}"`);
  }

  async #perform(
    name: string,
    args: readonly Argument[],
    seconds: number,
    signal: AbortSignal,
  ): Promise<{ readonly result: bigint; readonly texts: readonly Buffer[] }> {
    const target = this.#symbols.get(name);
    if (target === undefined) throw new UserError(`the kernel has no ${name}() in kallsyms`);
    const r = this.#registers;
    await this.#gdb.interrupt();
    await this.#gdb.setBreakpoint(this.#entry);
    this.#gdb.go();
    const done = this.#channel.run('sync', seconds + 20, signal);
    done.catch(() => undefined);
    await this.#gdb.stopped(20, signal);
    const before = await this.#gdb.registers();
    const call = Buffer.from(before);
    let sp = (before.readBigUInt64LE(r.sp) - ROOM) & ~15n;
    const places: { readonly at: bigint; readonly length: number }[] = [];
    for (const [i, arg] of args.entries()) {
      let value = typeof arg === 'bigint' ? BigInt.asUintN(64, arg) : 0n;
      if (typeof arg === 'string') {
        const bytes = Buffer.from(`${arg}\0`, 'latin1');
        sp = (sp - BigInt(bytes.length)) & ~15n;
        await this.#gdb.write(sp, bytes);
        places.push({ at: sp, length: bytes.length });
        value = sp;
      }
      call.writeBigUInt64LE(value, r.arguments[i]!);
    }
    if (r.link === null) {
      // the stack is as behind a call instruction
      sp -= 8n;
      const back = Buffer.alloc(8);
      back.writeBigUInt64LE(this.#entry);
      await this.#gdb.write(sp, back);
      call.writeBigUInt64LE(0n, 0);
    } else call.writeBigUInt64LE(this.#entry, r.link);
    call.writeBigUInt64LE(sp, r.sp);
    call.writeBigUInt64LE(target, r.pc);
    await this.#gdb.setRegisters(call);
    this.#gdb.go();
    await this.#gdb.stopped(seconds, signal);
    const after = await this.#gdb.registers();
    if (after.readBigUInt64LE(r.pc) !== this.#entry) throw new UserError(`${name}() did not come back`);
    const result = after.readBigInt64LE(r.result);
    const texts: Buffer[] = [];
    for (const { at, length } of places) texts.push(await this.#gdb.read(at, length));
    // it may have moved to another CPU, whose other registers stay
    before.copy(after, r.general[0], r.general[0], r.general[1]);
    await this.#gdb.setRegisters(after);
    await this.#gdb.clearBreakpoint(this.#entry);
    this.#gdb.go();
    await done;
    return { result, texts };
  }
}
