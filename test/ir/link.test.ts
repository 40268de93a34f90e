import { expect, test } from 'vitest';
import { IrProgram } from '../../src/ir/code/ir-program.ts';
import { link } from '../../src/ir/link.ts';
import { readModule } from '../../src/ir/read/module.ts';
import { Interpreter } from '../../src/ir/run/interpreter.ts';
import { Memory } from '../../src/ir/run/memory.ts';

const returns = (name: string, value: string, how = ''): string =>
  `define ${how}i64 @${name}() {\nentry:\n  ret i64 ${value}\n}\n`;
const calls = (name: string, called: string): string =>
  `define i64 @${name}() {\nentry:\n  %x = call i64 @${called}()\n  ret i64 %x\n}\n`;

/** What f() returns in modules of which the last replaces. */
function result(...modules: readonly string[]): number {
  const read = modules.map((text) => readModule(text));
  const program = new IrProgram(link(read, new Set(read.slice(-1))), {
    text: { lo: 0x1000, hi: 0 },
    data: { lo: 0x10000, hi: 0 },
  });
  const interpreter = new Interpreter(program, new Memory());
  const thread = interpreter.start(program.find('f'), [], { lo: 0x80000, hi: 0, size: 4096 });
  const event = interpreter.run(thread, 1000);
  return event.kind === 'returned' ? event.value.lo : Number.NaN;
}

test('a function of a module that replaces stands for all of its name, internal ones included', () => {
  const tree = returns('shared', '1') + returns('inner', '2', 'internal ');
  expect(result(tree + calls('f', 'shared'), returns('shared', '7'))).toBe(7);
  expect(result(tree + calls('f', 'inner'), returns('inner', '8'))).toBe(8);
  expect(result(returns('f', '1'), returns('f', '9'))).toBe(9);
});

test('its internal functions replace nothing', () => {
  const tree = returns('inner', '2', 'internal ') + calls('f', 'inner');
  expect(result(tree, returns('inner', '8', 'internal ') + returns('other', '1'))).toBe(2);
});
