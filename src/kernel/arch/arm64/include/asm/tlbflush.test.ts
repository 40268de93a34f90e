import { describe, expect, test } from 'vitest';
import { booted, G, K, M, run } from '../../../../../../test/kit.ts';
import { arm64, recorded, tlbLines } from '../../../../../../test/tables.ts';
import type { Session } from '../../../../../scenarios/running/session.ts';
import type { Step, Steps } from '../../../../../steps/step.ts';
import { phys_to_virt } from '../../../../pfn.ts';

/** The sequences of arch/arm64/include/asm/tlbflush.h (6.1), and where a range becomes flush_tlb_all() (MAX_TLBI_OPS). */

function operations(session: Session, thread: Steps<unknown>): string[] {
  const steps: Step[] = [];
  expect(run(session, recorded(thread, steps)).ended).toBe('returned');
  return tlbLines(steps);
}

const by_va = (n: number): string[] => ['DSB ISHST', `${n} TLBI VAALE1IS`, 'DSB ISH', 'ISB'];
const ALL = ['DSB ISHST', '1 TLBI VMALLE1IS', 'DSB ISH', 'ISB'];

describe.each(['v5.2', 'v6.1'])('%s', (release) => {
  const flushed = (page: number, va_bits: number, size: number): string[] => {
    const session = booted(release, arm64(page, va_bits), { explored: true });
    const start = session.kernel.c.PAGE_OFFSET;
    return operations(session, session.kernel.flush_tlb_kernel_range(start, start + size));
  };

  test.each([
    ['4K, one page', 4, 48, 4 * K, by_va(1)],
    ['4K, one block of 2M', 4, 48, 2 * M, by_va(512)],
    ['4K, 2M and a page', 4, 48, 2 * M + 4 * K, ALL],
    ['16K, one block of 32M', 16, 47, 32 * M, by_va(2048)],
    ['16K, 32M and a page', 16, 47, 32 * M + 16 * K, ALL],
    ['64K, one block of 512M', 64, 48, 512 * M, by_va(8192)],
    ['64K, 512M and a page', 64, 48, 512 * M + 64 * K, ALL],
    ['4K, 1G', 4, 48, G, ALL],
    ['16K, 1G', 16, 47, G, ALL],
    ['64K, 1G', 64, 48, G, ALL],
  ] as const)('flush_tlb_kernel_range, %s', (_, page, va_bits, size, expected) => {
    expect(flushed(page, va_bits, size)).toEqual(expected);
  });

  test('the other sequences', () => {
    const session = booted(release, arm64(4, 48), { explored: true });
    const kernel = session.kernel;
    expect(operations(session, kernel.flush_tlb_all())).toEqual(ALL);
    expect(operations(session, kernel.local_flush_tlb_all())).toEqual([
      'DSB NSHST',
      '1 TLBI VMALLE1',
      'DSB NSH',
      'ISB',
    ]);
    // the ISB came with v5.4 (B22)
    expect(operations(session, kernel.__flush_tlb_kernel_pgtable(kernel.c.PAGE_OFFSET))).toEqual([
      'DSB ISHST',
      '1 TLBI VAAE1IS',
      'DSB ISH',
      ...(release === 'v6.1' ? ['ISB'] : []),
    ]);
  });
});

describe('unmapping one block of the memmap', () => {
  const unmapped = (release: string): string[] => {
    const session = booted(release, arm64(4, 48), { explored: true });
    const kernel = session.kernel;
    const size = kernel.c.SECTION_SIZE;
    expect(session.call(session.kernel.add_memory(1, 64 * G, size, 0)).errno).toBe(null);
    const start = kernel.c.VMEMMAP_START + (62 * G) / 64;
    return operations(session, kernel.unmap_hotplug_range(start, start + 2 * M, true, null));
  };

  test('V6 flushes all of it', () => {
    expect(unmapped('arm64-v6')).toEqual(by_va(512));
  });

  test.each(['v5.7', 'v5.10', 'v6.1', 'v7.2'])('%s a page of it', (release) => {
    expect(unmapped(release)).toEqual(by_va(1));
  });
});

describe('unmapping 2M of a linear map of base pages', () => {
  const unmapped = (release: string): string[] => {
    const session = booted(release, arm64(4, 48), { explored: true });
    const kernel = session.kernel;
    expect(session.call(session.kernel.add_memory(1, 64 * G, kernel.c.SECTION_SIZE, 0)).errno).toBe(null);
    const start = phys_to_virt(kernel.c, 64 * G);
    return operations(session, kernel.unmap_hotplug_range(start, start + 2 * M, false, null));
  };

  test.each(['arm64-v6', 'v5.7', 'v5.10'])('%s: page by page', (release) => {
    expect(unmapped(release)).toEqual(Array.from({ length: 512 }, () => by_va(1)).flat());
  });

  test.each(['v6.1', 'v6.12'])('%s: at once, after the last (B26)', (release) => {
    expect(unmapped(release)).toEqual(by_va(512));
  });

  test('v7.2: at once and everything, as 512 pages are MAX_DVM_OPS', () => {
    expect(unmapped('v7.2')).toEqual(['DSB ISHST', '1 TLBI VMALLE1IS', 'DSB ISH', 'ISB']);
  });
});
