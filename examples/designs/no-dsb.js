// Entries of the kernel's tables are cleared without the barrier that makes the write visible to table walkers.
import { DSB, defineRelease, INVALID, ISB, tlbi, WRITE_ONCE } from 'mhp';

export default defineRelease({
  name: 'no-dsb',
  base: 'v6.12',
  about: 'v6.12, without a DSB between clearing an entry and its TLBI',
  'arch/arm64': {
    *pte_clear(ptep) {
      yield* WRITE_ONCE(ptep, INVALID);
    },
    *pmd_clear(pmdp) {
      yield* WRITE_ONCE(pmdp, INVALID);
    },
    *pud_clear(pudp) {
      yield* WRITE_ONCE(pudp, INVALID);
    },
    *flush_tlb_kernel_range(start, end) {
      const pages = Math.ceil((end - start) / this.c.PAGE_SIZE);
      yield* tlbi({ by: 'va', va: start, pages, last_level: true, broadcast: true });
      yield* DSB('ish');
      yield* ISB();
    },
    *__flush_tlb_kernel_pgtable(addr) {
      yield* tlbi({ by: 'va', va: addr, pages: 1, last_level: false, broadcast: true });
      yield* DSB('ish');
      yield* ISB();
    },
  },
});
