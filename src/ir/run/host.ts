import type { IrStop } from '../stop.ts';
import type { Memory } from './memory.ts';

/**
 * What an instruction of the interpreter's code does: `w` is the code, `pc` where the instruction stands in it, `r` the
 * registers, two halves each. The result is where the next instruction stands, or {@link FRAME} when another frame goes on,
 * or {@link EVENT} when the run stops for something that the environment has to do.
 */
export type OperationCode = (m: Host, w: Int32Array, pc: number, r: Int32Array) => number;

export const FRAME = -1;
export const EVENT = -2;

/** How an access is ordered, by the number in the code; '' for one that is not atomic. */
export const ORDERINGS = ['', 'unordered', 'monotonic', 'acquire', 'release', 'acq_rel', 'seq_cst'] as const;

/** Memory that a thread has for its own variables; the stack grows down from its end. */
export interface Stack {
  readonly lo: number;
  readonly hi: number;
  readonly size: number;
}

/** What the operations ask of the interpreter that runs them. */
export interface Host {
  readonly memory: Memory;
  readonly thread: { readonly sp: number; readonly stack: Stack };
  /** High half of a result on its way into a register. */
  high: number;
  /** The function at an address, or -1. */
  functionAt(lo: number, hi: number): number;
  /** Whether an access there is for the environment to do. */
  observes(lo: number, hi: number): boolean;
  /** Each stops for an event, or goes on in another frame. */
  access(pc: number, w: Int32Array, r: Int32Array, kind: 'load' | 'store'): number;
  bulk(pc: number, w: Int32Array, r: Int32Array, kind: 'fill' | 'move'): number;
  call(number: number, pc: number, w: Int32Array, r: Int32Array): number;
  leave(pc: number, w: Int32Array, r: Int32Array): number;
  asm(pc: number, w: Int32Array, r: Int32Array): number;
  /** What an instruction says that cannot be done. */
  stopAt(number: number): IrStop;
  /** Where the run is: "function+pc". */
  place(): string;
}
