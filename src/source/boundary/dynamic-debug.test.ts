import { expect, test } from 'vitest';
import type { Int64 } from '../../ir/read/values.ts';
import { shapeOf } from './asm.ts';
import { isDebugMessage } from './dynamic-debug.ts';
import type { Site } from './site.ts';

const KEY = 40;
const JUMP = ['1:jmp $', '{2:l} # objtool NOPs this \n\t.pushsection __jump_table,  "aw" \n'].join('');
const ARM64_JUMP = [
  '1:\tnop\n\t .pushsection __jump_table, "aw"\n\t .align 3\n\t .quad $',
  '{0:c} - .\n',
].join('');

/** A pr_debug() of mm/a.c: its descriptor is at 0, with a pointer to the file's name. */
function site(dyndbg: readonly string[], args: readonly number[]): Site {
  const stop = (what: string): never => {
    throw new Error(what);
  };
  return {
    args: args.map((lo) => ({ lo, hi: -64 })),
    k: { c: { dyndbg } },
    place: ({ lo }: Int64) => ({
      kind: 'variable',
      name: 'f.__UNIQUE_ID_ddebug345',
      offset: lo,
      constant: false,
    }),
    program: {
      member: (_: string, path: string) =>
        path === 'key' ? { offset: KEY, size: 16 } : { offset: 16, size: 8 },
      constant: ({ lo }: Int64) => (lo === 16 ? { lo: 0x1000, hi: -64 } : stop(`read of ${lo}`)),
      text: ({ lo }: Int64) => (lo === 0x1000 ? 'mm/a.c' : stop(`text at ${lo}`)),
    },
    stop,
  } as unknown as Site;
}

function target(arch: 'arm64' | 'x86_64', text: string, at: Site): unknown {
  const { shape, match } = shapeOf(arch, text)!;
  return shape.run!(at, match).next().value;
}

test.each([
  [['mm/a.c'], 1],
  [['mm/b.c'], 0],
  [[], 0],
])('with dyndbg of %j the label of a message in mm/a.c is %i', (dyndbg, label) => {
  expect(target('x86_64', JUMP, site(dyndbg, [KEY, 2]))).toEqual({ target: label });
  expect(target('arm64', ARM64_JUMP, site(dyndbg, [KEY]))).toEqual({ target: label });
});

test('a branch that is expected is taken while the key is not enabled', () => {
  expect(target('x86_64', JUMP, site([], [KEY, 3]))).toEqual({ target: 1 });
  expect(target('x86_64', JUMP, site(['mm/a.c'], [KEY, 3]))).toEqual({ target: 0 });
  expect(target('arm64', ARM64_JUMP, site([], [KEY + 1]))).toEqual({ target: 1 });
});

test('another part of a message is no key', () => {
  expect(() => target('x86_64', JUMP, site([], [8, 2]))).toThrow('a static key of a message');
});

test.each([
  ['altmap_alloc_block_buf.__UNIQUE_ID_ddebug275', true],
  ['f.__UNIQUE_ID_ddebug1@2', true],
  ['ptdump_lock_key', false],
])('%s is a message: %s', (name, is) => {
  expect(isDebugMessage(name)).toBe(is);
});
