import type { IrStop } from '../stop.ts';
import type { Memory } from './memory.ts';

/**
 * The function of an instruction in the interpreter's code: `w` is the code, `pc` the place of the instruction in it,
 * `r` the registers, two halves each. Returns the place of the next instruction, or {@link FRAME} if another frame
 * continues, or {@link EVENT} if the run stops for something that the environment must do.
 */
export type OperationCode = (m: Host, w: Int32Array, pc: number, r: Int32Array) => number;

export const FRAME = -1;
export const EVENT = -2;

/** The ordering of an access, by its number in the code; '' for an access that is not atomic. */
export const ORDERINGS = ['', 'unordered', 'monotonic', 'acquire', 'release', 'acq_rel', 'seq_cst'] as const;

/** Memory that a thread has for its own variables; the stack grows down from its end. */
export interface Stack {
  readonly lo: number;
  readonly hi: number;
  readonly size: number;
}

/** The services that operations need from the interpreter. */
export interface Host {
  readonly memory: Memory;
  readonly thread: { readonly sp: number; readonly stack: Stack };
  /** The high half of a result that is being written to a register. */
  high: number;
  /** The function at an address, or -1. */
  functionAt(lo: number, hi: number): number;
  /** Whether the environment performs accesses to this address. */
  observes(lo: number, hi: number): boolean;
  /** Each stops for an event, or continues in another frame. */
  access(pc: number, w: Int32Array, r: Int32Array, kind: 'load' | 'store'): number;
  bulk(pc: number, w: Int32Array, r: Int32Array, kind: 'fill' | 'move'): number;
  call(number: number, pc: number, w: Int32Array, r: Int32Array): number;
  leave(pc: number, w: Int32Array, r: Int32Array): number;
  asm(pc: number, w: Int32Array, r: Int32Array): number;
  /** The error of an instruction that cannot be executed. */
  stopAt(number: number): IrStop;
  /** The position of the run: "function+pc". */
  place(): string;
}
