import { describe, expect, test } from 'vitest';
import { IrProgram } from '../../src/ir/code/ir-program.ts';
import { link } from '../../src/ir/link.ts';
import { readModule } from '../../src/ir/read/module.ts';
import type { Int64 } from '../../src/ir/read/values.ts';
import { Interpreter } from '../../src/ir/run/interpreter.ts';
import { Memory } from '../../src/ir/run/memory.ts';
import { findClang, nativeResults } from './native.ts';
import { inputs, operationsModule } from './operations.ts';

const ir = operationsModule();
const functions = [...ir.matchAll(/^define i64 @(\w+)/gm)].map(([, name]) => name!);
const pairs = inputs();

const int64 = (n: bigint): Int64 => ({ lo: Number(n & 0xffffffffn) | 0, hi: Number(n >> 32n) | 0 });
const bigOf = ({ lo, hi }: Int64): bigint => (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);

function results(name: string): bigint[] {
  const program = new IrProgram(link([readModule(ir)]), {
    text: { lo: 0x1000, hi: -1 },
    data: { lo: 0x100000, hi: -1 },
  });
  for (const symbol of program.linked.symbols) program.place(symbol);
  const memory = new Memory();
  program.writeVariables(memory);
  const interpreter = new Interpreter(program, memory);
  return pairs.map(([a, b]) => {
    const thread = interpreter.start(program.find(name), [int64(a), int64(b)], {
      lo: 0x800000,
      hi: -1,
      size: 65536,
    });
    const event = interpreter.run(thread);
    if (event.kind !== 'returned') throw new Error(event.kind);
    return bigOf(event.value);
  });
}

const clang = findClang();

describe.skipIf(clang === null)(
  `every operation at every width, against ${clang ?? 'clang, which is not here'}`,
  () => {
    const native = clang === null ? [] : nativeResults(clang, ir, functions, pairs);
    test.each(functions.map((name, i) => [name, i] as const))('%s', (name, i) => {
      expect(results(name)).toEqual(native[i]);
    });
  },
);
