import { describe, expect, test } from 'vitest';
import { booted, G, run, X86 } from '../../../../../../test/kit.ts';
import { violations } from '../../../../../monitors/hotplug/index.ts';
import type { Session } from '../../../../../scenarios/running/session.ts';
import { phys_to_virt } from '../../../../pfn.ts';
import { pgd_index } from './sync_global_pgds.ts';

const T = 1024 * G;

const indices = ({ state }: Session, mm: number): number[] =>
  state.pgd_list!.find((one) => one.mm === mm)!.entries.map(({ index }) => index);
const roots = ({ state, kernel }: Session): unknown[] =>
  violations(state, kernel.c)
    .filter(({ subjects }) => subjects.invariant === 'roots')
    .map(({ subjects }) => [subjects.region, subjects.more]);

describe.each([
  [48, 32 * T],
  [57, 512 * T],
] as const)('%i bits of addresses', (va_bits, far) => {
  const machine = { ...X86, va_bits };

  test('a process that is there gets a new entry of the root, one that comes later has it', () => {
    const session = booted('v6.1', machine);
    const { kernel: k } = session;
    const index = pgd_index(k, phys_to_virt(k.c, far));
    expect(indices(session, 1)).not.toContain(index);
    run(session, k.kernel_physical_mapping_init(far, far + G, 0, k.c.pgprot.PAGE_KERNEL));
    expect(indices(session, 1)).toContain(index);
    run(session, k.pgd_alloc(2));
    expect(indices(session, 2)).toEqual(indices(session, 1));
    expect(roots(session)).toEqual([]);
    run(session, k.pgd_free(2));
    expect(session.state.pgd_list!.map(({ mm }) => mm)).toEqual([1]);
    // the entry stays, so that no root has to lose one
    run(session, k.kernel_physical_mapping_remove(far, far + G));
    expect(indices(session, 1)).toContain(index);
    expect(roots(session)).toEqual([]);
  });

  test('a root that lacks an entry is reported until it has it', () => {
    const session = booted('v6.1', machine);
    const { kernel: k, state } = session;
    const va = phys_to_virt(k.c, far);
    run(session, k.kernel_physical_mapping_init(far, far + G, 0, k.c.pgprot.PAGE_KERNEL));
    const index = pgd_index(k, va);
    const { entries } = state.pgd_list![0]!;
    state.pgd_list = [{ mm: 1, entries: entries.filter((one) => one.index !== index) }];
    expect(roots(session)).toEqual([['linear', 0]]);
    run(session, k.sync_global_pgds(va, va + G - 1));
    expect(indices(session, 1)).toContain(index);
    expect(roots(session)).toEqual([]);
  });
});

test('the memmap of a DIMM at 32T has an entry of its own, in every release', () => {
  for (const release of ['v5.2', 'v5.10', 'v6.8', 'v7.2']) {
    const session = booted(release, X86);
    const { kernel: k } = session;
    const params = { altmap: null, pgmap: 0, pgprot: k.c.pgprot.MHP };
    expect(run(session, k.arch_add_memory(0, 32 * T, G, params)).value).toBe(0);
    expect(roots(session)).toEqual([]);
    expect(indices(session, 1)).toContain(pgd_index(k, k.c.VMEMMAP_START + 512 * G));
  }
});
