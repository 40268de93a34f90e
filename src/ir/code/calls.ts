import type { InstructionOf } from '../read/instructions.ts';
import type { Word } from './assembler.ts';
import { recordOfCall } from './debug-records.ts';
import { intrinsic } from './intrinsics.ts';
import type { Jumps } from './jumps.ts';
import type { Values } from './values.ts';

type Call = InstructionOf<'call'>;

/** Translates a call of a function, of an intrinsic, or of inline assembly. */
export function call(v: Values, jumps: Jumps, i: Call, block: string): void {
  const a = v.assembler;
  if (i.callee.kind === 'asm') {
    asm(v, jumps, i, block);
    return;
  }
  const name = i.callee.kind === 'global' ? i.callee.name : null;
  if (name?.startsWith('llvm.')) {
    const d = i.result === '' ? null : v.define(i.result, i.returns);
    if (name.startsWith('llvm.dbg.')) recordOfCall(v, name, i.args);
    else intrinsic(v, name, d, i.args, v.fn.name);
    return;
  }
  const args = i.args.flatMap((arg) => v.operands(arg.type, arg.value));
  const d = i.result === '' ? null : v.define(i.result, i.returns);
  const results = d === null ? [] : v.parts(i.returns).map((_, n) => d + n);
  const rest: Word[] = [
    d === null ? -1 : { register: d },
    args.length,
    ...args.map((register) => ({ register })),
  ];
  const symbol = name === null ? null : v.program.linked.symbol(v.module, name);
  if (symbol) a.raw('call', [v.program.functionNumber(symbol), ...rest], results, args);
  else {
    const callee = v.pointer(i.callee);
    a.raw('callat', [{ register: callee }, ...rest], results, [callee, ...args]);
  }
}

function asm(v: Values, jumps: Jumps, i: Call, block: string): void {
  if (i.callee.kind !== 'asm') return;
  const number = v.program.asms.push(i.callee.asm) - 1;
  const args = i.args.flatMap((arg) => v.operands(arg.type, arg.value));
  const d = i.result === '' ? null : v.define(i.result, i.returns);
  const results = d === null ? [] : v.parts(i.returns).map((_, n) => d + n);
  const words: Word[] = [
    number,
    d === null ? -1 : { register: d },
    args.length,
    i.targets.length,
    ...args.map((register) => ({ register })),
    ...i.targets.map((to) => jumps.edge(block, to)),
  ];
  v.assembler.raw('asm', words, results, args, i.targets.length > 0);
  jumps.edges(block, i.targets);
}
