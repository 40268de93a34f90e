import type { Linked, LinkSymbol } from '../link.ts';
import type { IrModule } from '../read/module.ts';
import type { InlineAsm, Int64, TypedValue } from '../read/values.ts';
import type { StopKind } from '../stop.ts';
import type { Live } from './liveness.ts';

/** A value that a C variable has from some place of the code on. */
export interface VariableRecord {
  readonly pc: number;
  /** Number of the metadata node of the variable. */
  readonly variable: number;
  /** Place of its register, or of its address where `declares` says so; -1 when it has no value here. */
  readonly register: number;
  readonly declares: boolean;
}

/** A function as the interpreter runs it: code, and registers of two 32-bit halves, constants before variables. */
export interface Code {
  readonly number: number;
  readonly name: string;
  readonly module: IrModule;
  readonly words: Int32Array;
  /** Registers on entry: the constants have their values. */
  readonly template: Int32Array;
  /** Place of the first register that is not a constant. */
  readonly variable: number;
  /** Places of the registers of the parameters. */
  readonly parameters: readonly number[];
  /** Bytes of the variables on the stack. */
  readonly frameSize: number;
  /** What the code does not know how to do, for the operation `stop`. */
  readonly stops: readonly { readonly kind: StopKind; readonly subject: string }[];
  readonly records: readonly VariableRecord[];
  /** Number of the location of the instruction at a place; -1 when it has none. */
  location(pc: number): number;
  /** Where the thread goes on when the event of an instruction is answered, and the register for the answer, or -1. */
  after(pc: number, target: number): { readonly next: number; readonly result: number };
  /** Registers, by number, that are read later: from the instruction on, or once the call there has returned. */
  live(pc: number, called: boolean): Live;
}

/** What the compiler of a function asks of the program that the function is part of. */
export interface Surroundings {
  readonly linked: Linked;
  /** Inline assembly by number: the compiler adds what it meets. */
  readonly asms: InlineAsm[];
  /** A constant of an integer or pointer type, in its low bits. @throws IrStop `constant` */
  constant(module: IrModule, value: TypedValue): Int64;
  /** The number by which calls name a function. */
  functionNumber(symbol: LinkSymbol): number;
}
