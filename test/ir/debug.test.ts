import { describe, expect, test } from 'vitest';
import { IrProgram } from '../../src/ir/code/ir-program.ts';
import { Layouts } from '../../src/ir/debug/layouts.ts';
import { Lines } from '../../src/ir/debug/lines.ts';
import { DebugNodes } from '../../src/ir/debug/node.ts';
import { link } from '../../src/ir/link.ts';
import { readModule } from '../../src/ir/read/module.ts';
import { Interpreter } from '../../src/ir/run/interpreter.ts';
import { Memory } from '../../src/ir/run/memory.ts';
import { fixture } from './native.ts';

const module = readModule(fixture('walk.ll'));
const nodes = new DebugNodes(module);
const layouts = new Layouts(nodes);
const lines = new Lines(nodes);

describe('layouts of structs, as the C rules of aarch64 have them', () => {
  test.each([
    ['flags', 0, 8],
    ['next', 8, 8],
    ['prev', 16, 8],
    ['buddy', 8, 16],
    ['buddy.order', 16, 2],
    ['refs', 32, 8],
    ['parts[2].name', 56, 6],
    ['parts[3].weight', 70, 2],
  ])('item.%s', (path, offset, size) => {
    expect(layouts.place('item', path)).toMatchObject({ offset, size, bits: null });
  });

  test('bit-fields have a place in bits', () => {
    expect(layouts.place('item', 'kind')).toMatchObject({ bits: { at: 192, n: 3 } });
    expect(layouts.place('item', 'locked')).toMatchObject({ bits: { at: 195, n: 1 } });
  });

  test('what there is not is null', () => {
    expect(layouts.place('item', 'none')).toBeNull();
    expect(layouts.place('item', 'flags.x')).toBeNull();
    expect(layouts.struct('entry')).toBeNull();
    expect(layouts.struct('item')?.size).toBe(72);
  });

  test('enumerators', () => {
    expect(
      ['STATE_FREE', 'STATE_USED', 'STATE_LAST', 'STATE'].map((name) => layouts.enumerator(name)),
    ).toEqual([0, 5, -1, undefined]);
  });
});

test('a place in the code is a line of the source and where that was inlined', () => {
  const loads = module.functions
    .get('walk')!
    .blocks.flatMap(({ code }) => code)
    .filter((i) => i.op === 'load');
  expect(loads.map(({ dbg }) => lines.chain(dbg).map(({ fn, line }) => `${fn}:${line}`))).toEqual([
    ['read_entry:24', 'walk:34'],
  ]);
});

describe('a run that observes', () => {
  const program = new IrProgram(link([module]), {
    text: { lo: 0x1000, hi: -1 },
    data: { lo: 0x10000, hi: -1 },
  });
  for (const symbol of program.linked.symbols) program.place(symbol);
  const memory = new Memory();
  program.writeVariables(memory);
  const stack = { lo: 0x80000, hi: -1, size: 4096 };
  const table = program.place(program.linked.find('table')!).at;

  test('stops at each access to memory that others see, and goes on with the answer', () => {
    const interpreter = new Interpreter(program, memory, { observe: true });
    const thread = interpreter.start(
      program.find('walk'),
      [
        { lo: 2, hi: 0 },
        { lo: 5, hi: 0 },
      ],
      stack,
    );
    const read = (i: number): unknown => ({
      kind: 'load',
      at: { lo: table.lo + 8 * i, hi: -1 },
      size: 8,
      volatile: true,
      ordering: '',
    });
    expect(interpreter.run(thread)).toEqual(read(2));
    interpreter.answer(thread, { lo: 40, hi: 1 });
    expect(interpreter.run(thread)).toEqual(read(3));
    const copy = thread.copy();
    interpreter.answer(thread, { lo: 0, hi: 0 });
    expect(interpreter.run(thread)).toEqual({ kind: 'returned', value: { lo: 40, hi: 1 } });
    // the copy still waits for the second value
    interpreter.answer(copy, { lo: 2, hi: 0 });
    expect(interpreter.run(copy)).toEqual(read(4));
    interpreter.answer(copy, { lo: 3, hi: 0 });
    expect(interpreter.run(copy)).toEqual({ kind: 'returned', value: { lo: 45, hi: 1 } });
  });

  test('threads that differ in registers nobody reads any more become the same', () => {
    const interpreter = new Interpreter(program, memory, { observe: true });
    const at = (start: number, first: number): readonly number[][] => {
      const thread = interpreter.start(
        program.find('walk'),
        [
          { lo: start, hi: 0 },
          { lo: 5, hi: 0 },
        ],
        stack,
      );
      interpreter.run(thread);
      interpreter.answer(thread, { lo: first, hi: 0 });
      interpreter.run(thread);
      thread.forget();
      return thread.frames.map(({ pc, regs }) => [pc, ...regs]);
    };
    // the value read first is only in the sum
    const [frame] = at(2, 40);
    expect(frame!.filter((n) => n === 40)).toHaveLength(1);
    expect(at(2, 41)).not.toEqual(at(2, 40));
  });
});

test('initial values of variables, bit-fields and members run as C has them', () => {
  const program = new IrProgram(link([module]), {
    text: { lo: 0x1000, hi: 0 },
    data: { lo: 0x10000, hi: 0 },
  });
  for (const symbol of program.linked.symbols) program.place(symbol);
  const memory = new Memory();
  program.writeVariables(memory);
  const interpreter = new Interpreter(program, memory);
  const thread = interpreter.start(program.find('marked'), [], { lo: 0x80000, hi: 0, size: 4096 });
  // items[1]: kind 0, next is set but the order then overwrites prev; items[0]: kind 5, next null
  expect(interpreter.run(thread)).toEqual({ kind: 'returned', value: { lo: 105, hi: 0 } });
});
