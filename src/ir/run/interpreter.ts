import type { Code } from '../code/code.ts';
import type { IrProgram } from '../code/ir-program.ts';
import type { Int64 } from '../read/values.ts';
import { IrStop } from '../stop.ts';
import { EVENT, FRAME, type Host, ORDERINGS, type Stack } from './host.ts';
import type { Memory } from './memory.ts';
import { opcode, TABLE } from './operations.ts';

/** A function call that has not returned: data, and copied as such. */
export interface Frame {
  readonly code: Code;
  /** The place of the next instruction, or of the one whose event is not answered yet. */
  pc: number;
  readonly regs: Int32Array;
  /** The place for the result in the caller's registers; below 0 for none. */
  readonly result: number;
}

/** A thread of IR: a stack of frames. */
export class IrThread {
  readonly frames: Frame[] = [];
  readonly stack: Stack;
  /** Low half of the address of the innermost frame's variables. */
  sp: number;

  constructor(stack: Stack) {
    this.stack = stack;
    this.sp = (stack.lo + stack.size) | 0;
  }

  copy(): IrThread {
    const other = new IrThread(this.stack);
    other.sp = this.sp;
    for (const { code, pc, regs, result } of this.frames)
      other.frames.push({ code, pc, regs: regs.slice(), result });
    return other;
  }

  /** Clears the registers that are not read any more, so that threads which differ only in them are equal. */
  forget(): void {
    const top = this.frames.length - 1;
    for (const [i, { code, pc, regs }] of this.frames.entries()) {
      const live = code.live(pc, i < top);
      for (let at = code.variable; at < regs.length; at += 2) {
        if (live[at >> 1] === 1) continue;
        regs[at] = 0;
        regs[at + 1] = 0;
      }
    }
  }
}

/**
 * The reason why a run has stopped. The environment answers all but `returned` and `budget` and lets the thread
 * continue.
 */
export type IrEvent =
  | { readonly kind: 'returned'; readonly value: Int64 }
  | { readonly kind: 'budget' }
  | {
      readonly kind: 'load';
      readonly at: Int64;
      readonly size: number;
      readonly volatile: boolean;
      /** '' for an access that is not atomic. */
      readonly ordering: string;
    }
  | {
      readonly kind: 'store';
      readonly at: Int64;
      readonly size: number;
      readonly value: Int64;
      readonly volatile: boolean;
      readonly ordering: string;
    }
  | { readonly kind: 'fill'; readonly at: Int64; readonly size: number; readonly byte: number }
  | { readonly kind: 'move'; readonly at: Int64; readonly from: Int64; readonly size: number }
  /** A function without a body in the program. */
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Int64[] }
  | {
      readonly kind: 'asm';
      readonly number: number;
      readonly args: readonly Int64[];
      readonly targets: number;
    };

const DEEPEST = 1000;
const LOAD = opcode('load');

/** Runs threads of a program over a memory. */
export class Interpreter implements Host {
  readonly program: IrProgram;
  memory: Memory;
  thread!: IrThread;
  /** The high half of a result that is being written to a register. */
  high = 0;
  /** Instructions run so far. */
  steps = 0;
  /** Whether every access to memory outside the thread's own stack is an event. */
  readonly #observe: boolean;
  /** By function: arguments in place of the caller's. */
  readonly #given: ReadonlyMap<number, readonly (Int64 | undefined)[]> | undefined;
  /** Functions that are events when IR calls them, although they can be started. */
  readonly #outside: ReadonlySet<number>;
  #event: IrEvent = { kind: 'budget' };

  constructor(
    program: IrProgram,
    memory: Memory,
    options: {
      readonly observe?: boolean;
      readonly given?: ReadonlyMap<number, readonly (Int64 | undefined)[]>;
      readonly outside?: ReadonlySet<number>;
    } = {},
  ) {
    this.program = program;
    this.memory = memory;
    this.#observe = options.observe ?? false;
    this.#given = options.given;
    this.#outside = options.outside ?? new Set();
  }

  /** A thread that is about to call a function. Its stack is mapped. */
  start(fn: number, args: readonly Int64[], stack: Stack): IrThread {
    this.memory.map(stack.lo, stack.hi, stack.size);
    const thread = new IrThread(stack);
    this.thread = thread;
    const code = this.program.code(fn);
    if (!code) throw new IrStop('external', this.program.functionName(fn), 'start');
    if (args.length !== code.parameters.length)
      throw new IrStop('undefined', `${code.name}() with ${args.length} arguments`, 'start');
    const regs = this.#enter(code, -1);
    for (const [i, { lo, hi }] of args.entries()) {
      regs[code.parameters[i]!] = lo;
      regs[code.parameters[i]! + 1] = hi;
    }
    return thread;
  }

  /** Continues until there is an event, or the budget of instructions is used up. */
  run(thread: IrThread, budget: number = Number.MAX_SAFE_INTEGER): IrEvent {
    this.thread = thread;
    let left = budget;
    while (left > 0) {
      const frame = thread.frames.at(-1)!;
      const { regs } = frame;
      const w = frame.code.words;
      let { pc } = frame;
      const before = left;
      while (left > 0) {
        frame.pc = pc;
        pc = TABLE[w[pc]!]!(this, w, pc, regs);
        left--;
        if (pc < 0) break;
      }
      this.steps += before - left;
      if (pc === EVENT) return this.#event;
      if (pc !== FRAME) frame.pc = pc;
    }
    return { kind: 'budget' };
  }

  /**
   * Supplies the value of the load, call or assembly for which the thread stopped; for assembly with targets also the
   * target.
   */
  answer(thread: IrThread, value: Int64, target = 0): void {
    const frame = thread.frames.at(-1)!;
    const w = frame.code.words;
    const { next, result } = frame.code.after(frame.pc, target);
    if (result >= 0) {
      const bits = w[frame.pc] === LOAD ? w[frame.pc + 3]! * 8 : 64;
      frame.regs[result] = bits < 32 ? value.lo & ((1 << bits) - 1) : value.lo;
      frame.regs[result + 1] = bits <= 32 ? 0 : value.hi;
    }
    frame.pc = next;
  }

  functionAt(lo: number, hi: number): number {
    return this.program.functionAt(lo, hi);
  }

  /** The position of the run: "function+pc". */
  place(): string {
    const frame = this.thread.frames.at(-1);
    return frame ? `${frame.code.name}+${frame.pc}` : 'start';
  }

  stopAt(number: number): IrStop {
    const code = this.thread.frames.at(-1)!.code;
    const { kind, subject } = code.stops[number]!;
    return new IrStop(kind, subject, code.name);
  }

  observes(lo: number, hi: number): boolean {
    if (!this.#observe) return false;
    const { stack } = this.thread;
    return hi !== stack.hi || (lo >>> 0) - (stack.lo >>> 0) >= stack.size || lo >>> 0 < stack.lo >>> 0;
  }

  access(pc: number, w: Int32Array, r: Int32Array, kind: 'load' | 'store'): number {
    const at = pair(r, w[pc + 2]!);
    const size = w[pc + 3]!;
    const flags = w[pc + 4]!;
    const volatile = (flags & 1) === 1;
    const ordering = ORDERINGS[flags >> 1]!;
    this.#event =
      kind === 'load'
        ? { kind, at, size, volatile, ordering }
        : { kind, at, size, value: pair(r, w[pc + 1]!), volatile, ordering };
    return EVENT;
  }

  bulk(pc: number, w: Int32Array, r: Int32Array, kind: 'fill' | 'move'): number {
    const at = pair(r, w[pc + 1]!);
    const size = r[w[pc + 3]!]! >>> 0;
    this.#event =
      kind === 'fill'
        ? { kind, at, size, byte: r[w[pc + 2]!]! & 0xff }
        : { kind, at, size, from: pair(r, w[pc + 2]!) };
    return EVENT;
  }

  call(number: number, pc: number, w: Int32Array, r: Int32Array): number {
    const code = this.#outside.has(number) ? null : this.program.code(number);
    const n = w[pc + 3]!;
    const first = pc + 4;
    if (!code) {
      const args = Array.from({ length: n }, (_, i) => pair(r, w[first + i]!));
      this.#event = { kind: 'call', name: this.program.functionName(number), args };
      return EVENT;
    }
    if (n !== code.parameters.length)
      throw new IrStop('undefined', `${code.name}() with ${n} arguments`, this.place());
    if (this.thread.frames.length >= DEEPEST)
      throw new IrStop('undefined', 'a stack that deep', this.place());
    const regs = this.#enter(code, w[pc + 2]!);
    for (let i = 0; i < n; i++) {
      const from = w[first + i]!;
      const to = code.parameters[i]!;
      regs[to] = r[from]!;
      regs[to + 1] = r[from + 1]!;
    }
    for (const [i, value] of this.#given?.get(number)?.entries() ?? []) {
      if (value === undefined) continue;
      regs[code.parameters[i]!] = value.lo;
      regs[code.parameters[i]! + 1] = value.hi;
    }
    return FRAME;
  }

  #enter(code: Code, result: number): Int32Array {
    const { thread } = this;
    if ((thread.sp >>> 0) - code.frameSize < thread.stack.lo >>> 0)
      throw new IrStop('undefined', 'more stack than there is', this.place());
    thread.sp = (thread.sp - code.frameSize) | 0;
    const regs = code.template.slice();
    thread.frames.push({ code, pc: 0, regs, result });
    return regs;
  }

  /** ret n, then n registers. */
  leave(pc: number, w: Int32Array, r: Int32Array): number {
    const { thread } = this;
    const { code, result } = thread.frames.pop()!;
    if (code.frameSize > 0) this.memory.forgetBytes(thread.sp, thread.stack.hi, code.frameSize);
    thread.sp = (thread.sp + code.frameSize) | 0;
    const n = w[pc + 1]!;
    const caller = thread.frames.at(-1);
    if (!caller) {
      this.#event = { kind: 'returned', value: n > 0 ? pair(r, w[pc + 2]!) : { lo: 0, hi: 0 } };
      return EVENT;
    }
    for (let i = 0; i < n && result >= 0; i++) {
      const from = w[pc + 2 + i]!;
      caller.regs[result + 2 * i] = r[from]!;
      caller.regs[result + 2 * i + 1] = r[from + 1]!;
    }
    caller.pc = caller.code.after(caller.pc, 0).next;
    return FRAME;
  }

  asm(pc: number, w: Int32Array, r: Int32Array): number {
    const n = w[pc + 3]!;
    const args = Array.from({ length: n }, (_, i) => pair(r, w[pc + 5 + i]!));
    this.#event = { kind: 'asm', number: w[pc + 1]!, args, targets: w[pc + 4]! };
    return EVENT;
  }
}

const pair = (r: Int32Array, at: number): Int64 => ({ lo: r[at]!, hi: r[at + 1]! });
