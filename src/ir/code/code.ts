import type { Linked, LinkSymbol } from '../link.ts';
import type { IrModule } from '../read/module.ts';
import type { InlineAsm, Int64, TypedValue } from '../read/values.ts';
import type { StopKind } from '../stop.ts';
import type { Live } from './liveness.ts';
import type { Known } from './reaching.ts';

/** A function as the interpreter runs it: code, and registers of two 32-bit halves; constants come before variables. */
export interface Code {
  readonly number: number;
  readonly name: string;
  readonly module: IrModule;
  readonly words: Int32Array;
  /** The registers on entry: constants have their values. */
  readonly template: Int32Array;
  /** The place of the first register that is not a constant. */
  readonly variable: number;
  /** Places of the registers of the parameters. */
  readonly parameters: readonly number[];
  /** Bytes of the variables on the stack. */
  readonly frameSize: number;
  /** Constructs that the code cannot execute, for the operation `stop`. */
  readonly stops: readonly { readonly kind: StopKind; readonly subject: string }[];
  /** The C variables whose values are in registers before the instruction at a place. */
  variables(pc: number): Known;
  /** The number of the location of the instruction at a place; -1 if it has none. */
  location(pc: number): number;
  /**
   * Where the thread continues after the event of an instruction is answered, and the register for the answer, or -1.
   */
  after(pc: number, target: number): { readonly next: number; readonly result: number };
  /** By register number: whether it is read later, from the instruction on, or after the call there has returned. */
  live(pc: number, called: boolean): Live;
}

/** The services that the compiler of a function needs from the program. */
export interface Surroundings {
  readonly linked: Linked;
  /** Inline assembly by number: the compiler adds what it finds. */
  readonly asms: InlineAsm[];
  /** A constant of an integer or pointer type, in its low bits. @throws IrStop `constant` */
  constant(module: IrModule, value: TypedValue): Int64;
  /** The number by which calls name a function. */
  functionNumber(symbol: LinkSymbol): number;
}
