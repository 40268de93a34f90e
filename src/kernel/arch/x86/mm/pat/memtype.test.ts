import { expect, test } from 'vitest';
import { booted, G, K, M, X86 } from '../../../../../../test/kit.ts';
import { PG_arch_1, PG_uncached } from '../../../../mm/page.ts';
import { PCM } from '../../../../state.ts';

/** lookup_memtype() of v5.2: RAM keeps the type in page->flags, everything else in a tree. */

const session = booted('v5.4', X86);
const { kernel, state } = session;
const lookup = (phys: number): number | null => session.call(kernel.lookup_memtype(phys / 4096)).ret;

test('RAM is cached until set_memory_*() says otherwise', () => {
  const pfn = G / 4096;
  expect(lookup(G)).toBe(PCM.WB);
  const types = [PG_arch_1, PG_uncached, PG_arch_1 | PG_uncached].map((bits) => {
    state.pages.update(pfn, pfn + 1, (page) => (page & ~(PG_arch_1 | PG_uncached)) | bits);
    return lookup(G);
  });
  expect(types).toEqual([PCM.WC, PCM.UC_MINUS, PCM.WT]);
});

test('what nobody has reserved is UC-, what somebody has is as he said', () => {
  expect(lookup(8 * G)).toBe(PCM.UC_MINUS);
  state.memtype_rbroot.set((8 * G) / 4096, (8 * G + M) / 4096, PCM.WC);
  expect([lookup(8 * G), lookup(8 * G + M)]).toEqual([PCM.WC, PCM.UC_MINUS]);
});

test('the ISA range is not tracked, and nothing below 1M is RAM', () => {
  expect([lookup(0xa0000), lookup(0x100000), lookup(64 * K)]).toEqual([PCM.WB, PCM.WB, PCM.UC_MINUS]);
});

test('hot-added memory is System RAM: its uninitialised struct page is read, poison as WT', () => {
  const poisoned = booted('v5.4', { ...X86, debug_vm: true });
  expect(poisoned.call(poisoned.kernel.add_memory(0, 4 * G, 128 * M, 0)).ret).toBe(0);
  expect(poisoned.call(poisoned.kernel.lookup_memtype((4 * G) / 4096)).ret).toBe(PCM.WT);
});
