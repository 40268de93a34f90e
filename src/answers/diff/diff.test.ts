import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { askedMachine } from '../../cli/inputs/asked-machine.ts';
import { diff } from './diff.ts';

const ask = (step: number) =>
  askedMachine(
    fileURLToPath(new URL(`../../../recordings/x86_64-6.1-dimm-movable.tar.xz:${step}`, import.meta.url)),
    {
      words: false,
    },
  );

test('a plug, then blocks brought online, then a block taken offline: each is told as the operation that was done', async () => {
  expect(diff(await ask(0), await ask(1)).operations).toEqual([
    'memory40..47: a device was added at 0x140000000-0x17fffffff',
  ]);
  expect(diff(await ask(1), await ask(2)).operations).toEqual([
    'memory40..47: brought online in Movable (online_movable)',
  ]);
  expect(diff(await ask(0), await ask(2)).operations).toEqual([
    'memory40..47: a device was added at 0x140000000-0x17fffffff',
    'memory40..47: brought online in Movable (online_movable)',
  ]);
});

test('what is removed is told, with the zones it leaves', async () => {
  const { operations, changes } = diff(await ask(4), await ask(5));
  expect(operations).toContain(
    'memory40..47: taken offline, and the device at 0x140000000-0x17fffffff removed',
  );
  expect(changes).toContainEqual(
    expect.objectContaining({ kind: 'zone', zone: 'Movable', field: 'present', is: 0 }),
  );
});

test('a moment does not differ from itself', async () => {
  expect(diff(await ask(3), await ask(3))).toMatchObject({ changes: [], operations: [] });
});
