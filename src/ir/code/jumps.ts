import type { InstructionOf } from '../read/instructions.ts';
import type { BasicBlock } from '../read/module.ts';
import { intType } from '../read/types.ts';
import { IrStop } from '../stop.ts';
import type { Word } from './assembler.ts';
import type { Values } from './values.ts';

export const blockLabel = (name: string): string => `block ${name}`;

/** The translation of jumps between the blocks of a function. */
export class Jumps {
  readonly #values: Values;
  readonly #phis: ReadonlyMap<string, readonly InstructionOf<'phi'>[]>;

  constructor(values: Values, blocks: readonly BasicBlock[]) {
    this.#values = values;
    this.#phis = new Map(blocks.map(({ name, code }) => [name, code.filter((i) => i.op === 'phi')]));
  }

  br({ to }: InstructionOf<'br'>, block: string): void {
    this.#values.assembler.raw('br', [this.edge(block, to)], [], []);
    this.edges(block, [to]);
  }

  condbr(i: InstructionOf<'condbr'>, block: string): void {
    const c = this.#values.operand({ type: intType(1), value: i.c });
    this.#values.assembler.emit('condbr', null, [c], [this.edge(block, i.then), this.edge(block, i.else)]);
    this.edges(block, [i.then, i.else]);
  }

  switch(i: InstructionOf<'switch'>, block: string): void {
    const a = this.#values.operand(i.a);
    const cases = i.cases.flatMap(({ value, to }): Word[] => {
      const { lo, hi } = this.#values.program.constant(this.#values.module, { type: i.a.type, value });
      return [lo, hi, this.edge(block, to)];
    });
    const words: Word[] = [{ register: a }, this.edge(block, i.otherwise), i.cases.length, ...cases];
    this.#values.assembler.raw('switch', words, [], [a]);
    this.edges(block, [i.otherwise, ...i.cases.map(({ to }) => to)]);
  }

  /** The target of a jump from one block to another: through the moves for the target's phis, if it has any. */
  edge(from: string, to: string): { readonly label: string } {
    return { label: (this.#phis.get(to)?.length ?? 0) > 0 ? `edge ${from} to ${to}` : blockLabel(to) };
  }

  /** Emits the moves on the edges of a block, after its end. All phis of a block take their values at once. */
  edges(from: string, targets: readonly string[]): void {
    for (const to of new Set(targets)) {
      const phis = this.#phis.get(to) ?? [];
      if (phis.length === 0) continue;
      this.#values.assembler.label(`edge ${from} to ${to}`);
      const moves = phis.flatMap((phi) => {
        const value = phi.from.find(({ block }) => block === from)?.value;
        if (!value) throw new IrStop('opcode', `phi without a value from %${from}`, this.#values.fn.name);
        const d = this.#values.define(phi.result, phi.type);
        return this.#values.operands(phi.type, value).map((register, n) => ({ d: d + n, register }));
      });
      const written = new Set(moves.map(({ d }) => d));
      const direct = !moves.some(({ register }) => written.has(register));
      const through = moves.map(({ register }) => {
        if (direct) return register;
        const t = this.#values.assembler.registers();
        this.#values.assembler.emit('mov', t, [register]);
        return t;
      });
      for (const [n, { d }] of moves.entries()) this.#values.assembler.emit('mov', d, [through[n]!]);
      this.#values.assembler.raw('br', [{ label: blockLabel(to) }], [], []);
    }
  }
}
