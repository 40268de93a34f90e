import type { IrModule } from '../read/module.ts';
import type { Int64 } from '../read/values.ts';
import { opcode } from '../run/operations.ts';
import type { StopKind } from '../stop.ts';
import type { Code } from './code.ts';
import { type Flow, type Live, liveAfter, liveBefore } from './liveness.ts';
import { type Known, recordsBefore, type VariableRecord } from './reaching.ts';

/** A register: a variable, from 0 on, or a constant, from -1 down. */
export type Register = number;

/** A word of an instruction: a number, a register, or the place of a label. */
export type Word = number | { readonly register: Register } | { readonly label: string };

interface Item {
  readonly op: string;
  readonly words: readonly Word[];
  readonly defs: readonly Register[];
  readonly uses: readonly Register[];
  /** Whether control does not continue after it. */
  readonly ends: boolean;
  readonly dbg: number;
}

interface Noted {
  readonly item: number;
  readonly variable: number;
  readonly register: Register | null;
  readonly declares: boolean;
}

const ENDS = new Set(['br', 'condbr', 'switch', 'ret', 'stop']);

/** Collects the instructions of a function, and assigns places to registers and labels. */
export class Assembler {
  readonly #items: Item[] = [];
  readonly #labels = new Map<string, number>();
  readonly #constants: Int64[] = [];
  readonly #constantNumbers = new Map<string, Register>();
  readonly #stops: { kind: StopKind; subject: string }[] = [];
  readonly #notes: Noted[] = [];
  #registers = 0;
  #frameSize = 0;
  /** The location for the next instructions. */
  dbg = -1;

  /** Allocates adjacent registers; returns the first. */
  registers(n = 1): Register {
    const first = this.#registers;
    this.#registers += n;
    return first;
  }

  constant(value: Int64): Register {
    const key = `${value.lo},${value.hi}`;
    const known = this.#constantNumbers.get(key);
    if (known !== undefined) return known;
    this.#constants.push(value);
    const register = -this.#constants.length;
    this.#constantNumbers.set(key, register);
    return register;
  }

  /** Allocates space on the stack; returns its distance from the frame's address. */
  room(size: number, align: number): number {
    const at = Math.ceil(this.#frameSize / align) * align;
    this.#frameSize = at + size;
    return at;
  }

  label(name: string): void {
    this.#labels.set(name, this.#items.length);
  }

  /** `d = op uses…, rest…`; the words of the instruction are in this order. */
  emit(op: string, d: Register | null, uses: readonly Register[], rest: readonly Word[] = []): void {
    const words = [
      ...(d === null ? [] : [{ register: d }]),
      ...uses.map((register) => ({ register })),
      ...rest,
    ];
    this.raw(op, words, d === null ? [] : [d], uses);
  }

  /** Emits an instruction whose words have their own order. */
  raw(
    op: string,
    words: readonly Word[],
    defs: readonly Register[],
    uses: readonly Register[],
    ends = ENDS.has(op),
  ): void {
    this.#items.push({ op, words, defs, uses, ends, dbg: this.dbg });
  }

  stop(kind: StopKind, subject: string): void {
    this.#stops.push({ kind, subject });
    this.raw('stop', [this.#stops.length - 1], [], []);
  }

  /** Records that from here on a C variable has this value. */
  note(variable: number, register: Register | null, declares: boolean): void {
    this.#notes.push({ item: this.#items.length, variable, register, declares });
  }

  finish(
    head: { readonly number: number; readonly name: string; readonly module: IrModule },
    parameters: readonly Register[],
  ): Code {
    const constants = this.#constants.length;
    const numberOf = (register: Register): number => (register < 0 ? -1 - register : constants + register);
    const items = this.#items;
    const pcs: number[] = [];
    let length = 0;
    for (const { words } of items) {
      pcs.push(length);
      length += 1 + words.length;
    }
    const code = new Int32Array(length);
    for (const [i, { op, words }] of items.entries()) {
      code[pcs[i]!] = opcode(op);
      for (const [j, word] of words.entries()) code[pcs[i]! + 1 + j] = this.#word(word, numberOf, pcs);
    }
    const template = new Int32Array(2 * (constants + this.#registers));
    for (const [i, { lo, hi }] of this.#constants.entries()) {
      template[2 * i] = lo;
      template[2 * i + 1] = hi;
    }
    const index = new Map(pcs.map((pc, i) => [pc, i]));
    const frameSize = Math.ceil(this.#frameSize / 16) * 16;
    const records: VariableRecord[] = this.#notes.map(({ item, variable, register, declares }) => ({
      pc: pcs[item] ?? length,
      variable,
      register: register === null ? -1 : 2 * numberOf(register),
      declares,
    }));
    const registers = constants + this.#registers;
    let flow: readonly Flow[] | null = null;
    let before: Live[] = [];
    let known: readonly Known[] | null = null;
    return {
      ...head,
      words: code,
      template,
      variable: 2 * constants,
      parameters: parameters.map((register) => 2 * numberOf(register)),
      frameSize,
      stops: this.#stops,
      variables: (pc) => {
        known ??= recordsBefore(this.#flow(numberOf), records, (record) => index.get(record.pc));
        return known[index.get(pc)!]!;
      },
      location: (pc) => items[index.get(pc)!]!.dbg,
      after: (pc, target) => after(code, pc, target),
      live: (pc, called) => {
        if (!flow) {
          flow = this.#flow(numberOf);
          before = liveBefore(flow, registers);
        }
        const i = index.get(pc)!;
        if (!called) return before[i]!;
        const live = liveAfter(flow, before, i, registers);
        for (const d of flow[i]!.defs) live[d] = 0;
        return live;
      },
    };
  }

  #word(word: Word, numberOf: (register: Register) => number, pcs: readonly number[]): number {
    if (typeof word === 'number') return word;
    if ('register' in word) return 2 * numberOf(word.register);
    return pcs[this.#labels.get(word.label)!]!;
  }

  #flow(numberOf: (register: Register) => number): Flow[] {
    return this.#items.map(({ words, defs, uses, ends }, i) => ({
      defs: defs.map(numberOf),
      uses: uses.map(numberOf),
      next: [
        ...(ends ? [] : [i + 1]),
        ...words.flatMap((word) =>
          typeof word === 'object' && 'label' in word ? [this.#labels.get(word.label)!] : [],
        ),
      ],
    }));
  }
}

const LENGTH: Readonly<Record<string, number>> = { load: 5, store: 5, fill: 4, move: 4 };
const lengths = new Map(Object.entries(LENGTH).map(([op, n]) => [opcode(op), n]));
const LOAD = opcode('load');
const ASM = opcode('asm');

function after(
  w: Int32Array,
  pc: number,
  target: number,
): { readonly next: number; readonly result: number } {
  const length = lengths.get(w[pc]!);
  if (length !== undefined) return { next: pc + length, result: w[pc] === LOAD ? w[pc + 1]! : -1 };
  if (w[pc] === ASM) {
    const targets = pc + 5 + w[pc + 3]!;
    const n = w[pc + 4]!;
    return { next: n > 0 ? w[targets + target]! : targets, result: w[pc + 2]! };
  }
  return { next: pc + 4 + w[pc + 3]!, result: w[pc + 2]! };
}
