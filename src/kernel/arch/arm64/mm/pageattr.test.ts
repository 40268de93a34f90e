import { describe, expect, test } from 'vitest';
import { ARM64, booted, run } from '../../../../../test/kit.ts';
import { AP_RDONLY, DBM, PXN, VALID } from '../../../../hardware/descriptor/descriptor.ts';
import { access } from '../../../../hardware/memory/access.ts';
import { leaves } from '../../../../hardware/walks/walk.ts';
import type { Session } from '../../../../scenarios/running/session.ts';
import { PFN_PHYS, phys_to_virt } from '../../../pfn.ts';

import { VM } from '../../../state.ts';

const K = 4096;
const machine = (boot_options: string) => ({ ...ARM64, page_size: '4K', va_bits: 39, boot_options });
const value = <T>(session: Session, steps: Parameters<typeof run<T>>[1]): T => {
  const { ended, value: returned, events } = run(session, steps);
  expect({ ended, events }).toEqual({ ended: 'returned', events: [] });
  return returned!;
};

/** Three pages of vmalloc(), and their addresses in the linear map. */
function three_pages(release: string, cmdline = '') {
  const session = booted(release, machine(cmdline));
  const { kernel } = session;
  const area = value(session, kernel.vmalloc(3 * K));
  const linear = [0, 1, 2].map((i) =>
    phys_to_virt(kernel.c, PFN_PHYS(kernel.c, value(session, kernel.vmalloc_to_pfn(area + i * K)))),
  );
  return { session, kernel, area, linear };
}

const MARKS = { r: AP_RDONLY, w: DBM, x: PXN } as const;
/** r for read-only, w for PTE_WRITE, x for not executable; - for an invalid page. */
function attributes(session: Session, addresses: readonly number[]): string[] {
  return addresses.map((va) => {
    const leaf = [...leaves(session.state.mmu!, va, va + 1)][0];
    if (!leaf || !(leaf.attr & VALID)) return '-';
    return Object.entries(MARKS)
      .flatMap(([mark, bit]) => (leaf.attr & bit ? mark : []))
      .join('');
  });
}

describe('set_memory_ro', () => {
  test.each([
    ['v5.2', '', ['rx', 'rx', 'rx']],
    // the linear map of the whole area, for a change of one page
    ['v5.3', '', ['rx', 'rx', 'rx']],
    ['v7.2', '', ['wx', 'rx', 'wx']],
    ['v5.2', 'rodata=on', ['wx', 'wx', 'wx']],
  ])('of the middle page on %s %s', (release, cmdline, linear_map) => {
    const { session, kernel, area, linear } = three_pages(release, cmdline);
    expect(value(session, kernel.set_memory_ro(area + K, 1))).toBe(0);
    expect(attributes(session, [area, area + K, area + 2 * K])).toEqual(['wx', 'rx', 'wx']);
    expect(attributes(session, linear)).toEqual(linear_map);
    const writes = access(session.state.mmu!, area + K, true);
    expect(writes).toEqual([{ fault: 'permission', level: 3 }]);
    expect(session.state.mmu!.violations).toEqual([]);
  });

  test('is -EINVAL outside an area, across its end, and for mappings of others', () => {
    const { session, kernel, area } = three_pages('v5.3');
    const { VMALLOC_START, VMALLOC_END } = kernel.c.layout;
    const other = value(session, kernel.__get_vm_area_node(K, 1, VM.IOREMAP, VMALLOC_START, VMALLOC_END))!;
    for (const [addr, pages] of [
      [VMALLOC_END - K, 1],
      [area + K, 4],
      [other, 1],
    ] as const)
      expect(value(session, kernel.set_memory_ro(addr, pages))).toBe(-22);
    expect(value(session, kernel.set_memory_ro(area, 0))).toBe(0);
  });

  test('what is made executable and not', () => {
    const { session, kernel, area, linear } = three_pages('v5.3');
    value(session, kernel.set_memory_x(area, 3));
    expect(attributes(session, [area, ...linear])).toEqual(['w', 'wx', 'wx', 'wx']);
    value(session, kernel.set_memory_nx(area, 3));
    expect(attributes(session, [area])).toEqual(['wx']);
  });
});

describe('vfree of an area that is read-only', () => {
  const freed = (release: string, flagged: boolean) => {
    const { session, kernel, area, linear } = three_pages(release);
    if (flagged) value(session, kernel.set_vm_flush_reset_perms(area));
    value(session, kernel.set_memory_ro(area, 3));
    value(session, kernel.vfree(area));
    const writes = linear.map((va) => access(session.state.mmu!, va, true).map((o) => 'fault' in o));
    return { attributes: attributes(session, linear), writes };
  };
  const GOOD = { attributes: ['wx', 'wx', 'wx'], writes: [[false], [false], [false]] };

  test.each(['v5.2', 'v5.3', 'v5.10', 'v7.2'])('gives its pages back as they were on %s', (release) => {
    expect(freed(release, true)).toEqual(GOOD);
  });

  test('without VM_FLUSH_RESET_PERMS they stay read-only', () => {
    expect(freed('v5.3', false)).toMatchObject({ attributes: ['rx', 'rx', 'rx'] });
  });

  test('with the range of v5.2-rc1 TLBs may hold them read-only, though memory says otherwise (B99)', () => {
    expect(freed('v5.3-B99', true)).toEqual({
      ...GOOD,
      writes: [
        [false, true],
        [false, true],
        [false, true],
      ],
    });
    expect(freed('v5.2-B99', true)).toEqual(GOOD);
  });
});

test('a block of the linear map is never split', () => {
  const { session, kernel, linear } = three_pages('v5.3', 'rodata=off');
  expect(
    run(session, kernel.apply_to_page_range(linear[0]!, K, kernel.change_page_range, { set: 0, clear: 0 })),
  ).toMatchObject({
    ended: 'bug',
    events: [{ where: 'apply_to_pmd_range' }],
  });
  expect(
    run(session, kernel.apply_to_page_range(linear[0]!, 0, kernel.change_page_range, { set: 0, clear: 0 })),
  ).toMatchObject({
    value: -22,
    events: [{ where: 'apply_to_page_range' }],
  });
});
