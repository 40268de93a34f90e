import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const SRC = new URL('../', import.meta.url).pathname;

/** What no user can cause, or what never leaves the function that catches it. */
const OTHERS = {
  UserError: 'the base itself',
  Enough: 'ends the second run of a design; whoever began the run catches it',
  IrStop: 'a run of LLVM IR that cannot go on; its caller says where',
  KernelGone: 'ends a tool of a scenario when the kernel has hit a BUG',
  ReplayDiverged: 'a program that does otherwise than its trace says: its own status in mhp replay',
  ReservedBits:
    'a descriptor that no kernel function writes; a litmus test that has one is refused with an InputError',
  ThreadDiverged: 'a program that does otherwise when it is run again',
};

test('every other error of ours is one that a user can cause', () => {
  const classes = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .flatMap((name) => [
      ...readFileSync(`${SRC}${name}`, 'utf8').matchAll(/class (\w+) extends (?:Type|Range)?Error\b/g),
    ])
    .map(([, name]) => name!);
  expect(classes.sort()).toEqual(Object.keys(OTHERS).sort());
});
