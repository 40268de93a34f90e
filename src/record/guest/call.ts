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

/** An argument: a number, a text of which the function gets the address, or an address at which bytes are written first. */
export type Argument = bigint | string | { readonly at: bigint; readonly bytes: Buffer };

/** A function that returns at once, without being run. */
export interface Fault {
  readonly name: string;
  /** How many calls run before. */
  readonly after: number;
  /** How many calls do not. */
  readonly times: number;
  /** What they return. */
  readonly result: bigint;
}

/** The task that made a call has died in it. */
export class Oops extends UserError {
  override readonly name = 'Oops';
}

/** Stack that a call leaves alone, for texts. */
const ROOM = 512n;

export class Caller {
  readonly #gdb: Gdb;
  readonly #channel: Channel;
  readonly #registers: Registers;
  readonly #symbols: ReadonlyMap<string, bigint>;
  readonly #entry: bigint;
  /** By the address of the function. */
  readonly #faults = new Map<bigint, { after: number; times: number; readonly result: bigint }>();
  /** While functions are to fail, somebody waits for a call of one. */
  #watch: { readonly stop: AbortController; readonly ended: Promise<void> } | null = null;

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
    await this.#halt();
    await this.#gdb.setBreakpoint(this.#entry);
    this.#gdb.go();
    const done = this.#channel.run('sync', seconds + 20, signal);
    done.catch(() => undefined);
    const before = await this.#arrive(20, signal);
    const call = Buffer.from(before);
    let sp = (before.readBigUInt64LE(r.sp) - ROOM) & ~15n;
    const places: { readonly at: bigint; readonly length: number }[] = [];
    for (const [i, arg] of args.entries()) {
      let value = typeof arg === 'bigint' ? BigInt.asUintN(64, arg) : 0n;
      if (typeof arg === 'object') {
        await this.#gdb.write(arg.at, arg.bytes);
        value = BigInt.asUintN(64, arg.at);
      }
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
    const after = await this.#comesBack(done, seconds, signal);
    if (after === null) {
      await this.#gdb.interrupt();
      await this.#gdb.clearBreakpoint(this.#entry);
      this.#release();
      throw new Oops(`${name}() ended in an oops`);
    }
    if (after.readBigUInt64LE(r.pc) !== this.#entry) throw new UserError(`${name}() did not come back`);
    const result = after.readBigInt64LE(r.result);
    const texts: Buffer[] = [];
    for (const { at, length } of places) texts.push(await this.#gdb.read(at, length));
    // it may have moved to another CPU, whose other registers stay
    before.copy(after, r.general[0], r.general[0], r.general[1]);
    await this.#gdb.setRegisters(after);
    await this.#gdb.clearBreakpoint(this.#entry);
    this.#release();
    await done;
    return { result, texts };
  }

  /**
   * Makes the next calls of a function fail.
   * @throws UserError if the kernel has no such function
   */
  async fail({ name, after, times, result }: Fault): Promise<void> {
    const at = this.#symbols.get(name);
    if (at === undefined) throw new UserError(`the kernel has no ${name}() in kallsyms`);
    await this.#halt();
    if (!this.#faults.has(at)) await this.#gdb.setBreakpoint(at);
    this.#faults.set(at, { after, times, result });
    this.#release();
  }

  /** Stops the guest. */
  async #halt(): Promise<void> {
    this.#watch?.stop.abort();
    await this.#watch?.ended;
    this.#watch = null;
    await this.#gdb.interrupt();
    await this.#refused(await this.#gdb.registers());
  }

  /** Lets the guest run, and watches for calls that are to fail. */
  #release(): void {
    this.#gdb.go();
    if (this.#faults.size === 0) return;
    const stop = new AbortController();
    const watch = async (): Promise<void> => {
      while (this.#faults.size > 0 && !stop.signal.aborted) {
        await this.#gdb.stopped(86_400, stop.signal);
        await this.#refused(await this.#gdb.registers());
        this.#gdb.go();
      }
    };
    this.#watch = { stop, ended: watch().catch(() => undefined) };
  }

  /** The registers at the next stop that no failing function is the reason of. */
  async #arrive(seconds: number, signal: AbortSignal): Promise<Buffer> {
    for (;;) {
      await this.#gdb.stopped(seconds, signal);
      const registers = await this.#gdb.registers();
      if (!(await this.#refused(registers))) return registers;
      this.#gdb.go();
    }
  }

  /** The registers when a call has come back; null if the task has died in it. */
  async #comesBack(done: Promise<unknown>, seconds: number, signal: AbortSignal): Promise<Buffer | null> {
    const dead = new AbortController();
    const died = done.then(
      () => dead.abort(),
      () => undefined,
    );
    try {
      return await this.#arrive(seconds, AbortSignal.any([signal, dead.signal]));
    } catch (error) {
      if (!dead.signal.aborted) throw error;
      await died;
      return null;
    }
  }

  /** Whether the guest has stopped at a function that is to fail; it then is where the function returns, or one step into it. */
  async #refused(registers: Buffer): Promise<boolean> {
    const r = this.#registers;
    const at = registers.readBigUInt64LE(r.pc);
    const fault = this.#faults.get(at);
    if (fault === undefined) return false;
    if (fault.after > 0) {
      fault.after--;
      await this.#gdb.clearBreakpoint(at);
      await this.#gdb.step();
      await this.#gdb.setBreakpoint(at);
      return true;
    }
    const sp = registers.readBigUInt64LE(r.sp);
    const back =
      r.link === null ? (await this.#gdb.read(sp, 8)).readBigUInt64LE() : registers.readBigUInt64LE(r.link);
    if (r.link === null) registers.writeBigUInt64LE(sp + 8n, r.sp);
    registers.writeBigUInt64LE(back, r.pc);
    registers.writeBigInt64LE(fault.result, r.result);
    await this.#gdb.setRegisters(registers);
    fault.times--;
    if (fault.times === 0) {
      this.#faults.delete(at);
      await this.#gdb.clearBreakpoint(at);
    }
    return true;
  }
}
