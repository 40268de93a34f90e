import { expect, test } from 'vitest';
import { replaced } from '../../test/huge-vmap.ts';
import { verdictOf, well } from '../../test/interleave.ts';
import { ARM64 } from '../../test/kit.ts';
import { checkTables } from '../monitors/hotplug/tables.ts';
import type { Monitor } from '../schedule/monitors/monitor.ts';
import type { KernelWorld } from './kernel-machine.ts';

const SMALL = { ...ARM64, page_size: '16K', va_bits: 36, ram: [{ start: '1G', size: '1G' }] };
/** Blocks of 1G, and warnings of VM_WARN_ON checks. */
const DEEP = { ...ARM64, debug_vm: true };
const CURED = ['v5.2', 'arm64-v6', 'v5.7', 'v5.10', 'v6.1', 'v6.12', 'v7.2'];

test.each(['v5.2', 'arm64-v6', 'v5.7', 'v5.10'])(
  '%s asks of entries without a table, too (B40)',
  (release) => {
    const { program, model } = replaced(release, DEEP, 'PUD');
    expect(verdictOf(program, well(model))).toEqual({
      monitor: 'anything',
      text: 'warn: WARNING in pmd_free_pte_page()',
      preemptions: 0,
    });
  },
);

test.each(['v6.1', 'v6.12', 'v7.2'])('%s does not', (release) => {
  const { program, model } = replaced(release, DEEP, 'PUD');
  expect(verdictOf(program, well(model))).toBe('proved');
});

test('a block over a live table (B41)', () => {
  const { program, model } = replaced('v5.2-B41a', SMALL);
  expect(verdictOf(program, well(model))).toEqual({
    monitor: 'break-before-make',
    text: 'changed-live at fffffff010000000 by CPU 0',
    preemptions: 0,
  });
  const lost: Monitor = {
    name: 'lost',
    end: (view) => checkTables(view.world<KernelWorld>().state, model.kernel.c)[0],
  };
  expect(verdictOf(program, [lost])).toMatchObject({
    text: 'tables: 1 table pages at pfn 0x10122 are linked nowhere',
  });
});

test('a table freed, and the walk caches not told (B41)', () => {
  const { program, model } = replaced('v5.2-B41b', SMALL);
  expect(verdictOf(program, well(model))).toEqual({
    monitor: 'walk-caches',
    text: 'pfn 0x10122 is free and CPU 0,1 may walk it as the PTE table of fffffff010000000',
    preemptions: 0,
  });
});

test.each(CURED)('%s: broken, told, freed, made (B41)', (release) => {
  const { program, model } = replaced(release, SMALL);
  expect(verdictOf(program, well(model))).toBe('proved');
});
