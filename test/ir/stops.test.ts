import { expect, test } from 'vitest';
import { IrProgram } from '../../src/ir/code/ir-program.ts';
import { link } from '../../src/ir/link.ts';
import { readModule } from '../../src/ir/read/module.ts';
import { Interpreter } from '../../src/ir/run/interpreter.ts';
import { Memory } from '../../src/ir/run/memory.ts';
import { IrStop } from '../../src/ir/stop.ts';

function run(ir: string): string {
  try {
    const program = new IrProgram(link([readModule(ir)]), {
      text: { lo: 0x1000, hi: 0 },
      data: { lo: 0x10000, hi: 0 },
    });
    for (const symbol of program.linked.symbols) program.place(symbol);
    const memory = new Memory();
    program.writeVariables(memory);
    const interpreter = new Interpreter(program, memory);
    const thread = interpreter.start(program.find('f'), [{ lo: 3, hi: 0 }], {
      lo: 0x80000,
      hi: 0,
      size: 4096,
    });
    const event = interpreter.run(thread, 1000);
    return event.kind === 'call' ? `call ${event.name}` : event.kind;
  } catch (error) {
    if (!(error instanceof IrStop)) throw error;
    return `${error.kind}: ${error.message}`;
  }
}

const f = (body: string): string => `define i64 @f(i64 %a) {\nentry:\n${body}}\n`;

test.each([
  [
    'an instruction',
    f('  %x = frobnicate i64 %a\n  ret i64 %x\n'),
    'opcode: f: no support for the instruction frobnicate',
  ],
  [
    'an atomic that C compiles to',
    f('  %p = alloca i64\n  %x = atomicrmw add ptr %p, i64 1 seq_cst\n  ret i64 %x\n'),
    'opcode: f: no support for the instruction atomicrmw',
  ],
  [
    'an intrinsic',
    f('  %x = call i64 @llvm.readcyclecounter()\n  ret i64 %x\n'),
    'intrinsic: f: no support for the intrinsic llvm.readcyclecounter',
  ],
  [
    'a wide integer',
    f('  %x = zext i64 %a to i128\n  ret i64 %a\n'),
    'type: f: no support for values of type i128',
  ],
  [
    'a load of three bytes',
    f('  %p = alloca i64\n  %x = load i24, ptr %p\n  ret i64 %a\n'),
    'type: f: no support for values of type i24',
  ],
  [
    'a vector',
    f('  %x = add <2 x i64> zeroinitializer, zeroinitializer\n  ret i64 %a\n'),
    'type: f: no support for values of type <2 x i64>',
  ],
  [
    'memory nobody has written',
    f('  %p = alloca i64\n  %x = load i64, ptr %p\n  ret i64 %x\n'),
    'unwritten: memory: reads memory that nobody has written: 8 bytes at 0000000000080ff0',
  ],
  [
    'an address that is not mapped',
    f('  %p = inttoptr i64 %a to ptr\n  %x = load i8, ptr %p\n  ret i64 %a\n'),
    'unmapped: memory: accesses an address that is not mapped: 0000000000000003',
  ],
  ['unreachable', f('  unreachable\n'), 'unreachable: f: comes to an unreachable instruction'],
  [
    'a division by 0',
    f('  %x = udiv i64 1, 0\n  ret i64 %x\n'),
    'undefined: f+0: uses an undefined value: division by 0',
  ],
  [
    'a pointer to no function',
    f('  %p = inttoptr i64 %a to ptr\n  call void %p()\n  ret i64 0\n'),
    'external: f+3: calls a function that has no body here: what is at 0000000000000003',
  ],
  [
    'a text that is no IR',
    'define i64 @f(i64 %a) {\nentry:\n  %x = = 3\n}\n',
    'syntax: line 3: cannot read "= 3"',
  ],
  [
    "a declared function is the environment's",
    `declare i64 @g(i64)\n${f('  %x = call i64 @g(i64 %a)\n  ret i64 %x\n')}`,
    'call g',
  ],
  ['an endless loop ends with the budget', f('  br label %l\nl:\n  br label %l\n'), 'budget'],
])('%s', (_, ir, expected) => {
  expect(run(ir)).toBe(expected);
});
