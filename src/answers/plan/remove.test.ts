import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { askedMachine } from '../../cli/inputs/asked-machine.ts';
import { planRemove } from './remove.ts';

const ask = (name: string) =>
  askedMachine(fileURLToPath(new URL(`../../../recordings/${name}`, import.meta.url)), {});

test('the cheapest blocks first; what migrates fits elsewhere', async () => {
  const asked = await ask('x86_64-6.1-dimm-movable.tar.xz:3');
  const plan = planRemove(asked, [...asked.session.state.memory_block.keys()], 2 ** 29);
  expect(plan.possible).toBe(2 ** 29);
  expect(plan.stays).toEqual([]);
  expect(plan.blocks.map(({ zone }) => zone)).toEqual(Array(4).fill('Movable'));
  const pages = plan.blocks.map(({ migrate }) => migrate!);
  expect([...pages].sort((a, b) => a - b)).toEqual(pages);
  expect(plan.room!).toBeGreaterThan(plan.migrate);
  expect(plan.commands[0]).toBe(
    `echo offline > /sys/devices/system/memory/memory${plan.blocks[0]!.block}/state`,
  );
});

test('only part of the blocks can go, and each that stays says why', async () => {
  const asked = await ask('x86_64-6.1-dimm-movable.tar.xz:3');
  const plan = planRemove(asked, [13, 14, 15, 40], undefined);
  expect(plan.possible).toBe(3 * 2 ** 27);
  expect(plan.stays.map(({ block, errno, reason }) => [block, errno, reason?.kind])).toEqual([
    [15, 'EINVAL', 'holes'],
  ]);
});
