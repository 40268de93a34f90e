import { expect, test } from 'vitest';
import { booted, G, M, run, X86 } from '../../../../../../test/kit.ts';
import type { Session } from '../../../../../scenarios/running/session.ts';
import type { Steps } from '../../../../../steps/step.ts';
import { READ_ONCE } from '../../../../include/linux/pgtable.ts';
import type { Kernel } from '../../../../kernel.ts';
import { phys_to_virt, vmemmap_of } from '../../../../pfn.ts';
import { _KERNPG_TABLE, _PAGE_USER } from '../../include/asm/pgtable_types.ts';

const AT = 8 * G;
const RELEASES = ['v5.10', 'v6.1', 'v6.12', 'v7.2'];

/** The entry of the PMD table for a virtual address. */
function* pmd_at(k: Kernel, va: number): Steps<{ readonly addr: number; readonly attr: number }> {
  const pud = yield* k.pud_offset(yield* k.p4d_offset(yield* k.pgd_offset_k(va), va), va);
  return yield* READ_ONCE(yield* k.pmd_offset(pud, va));
}

const returned = <T>(session: Session, thread: Steps<T>): T => run(session, thread).value as T;

test.each(RELEASES)('%s: a table has the user bit', (release) => {
  const session = booted(release, X86);
  const { kernel: k } = session;
  const prot = k.c.pgprot.MHP;
  expect(run(session, k.kernel_physical_mapping_init(AT, AT + 2 * M, 0, prot))).toMatchObject({ events: [] });
  expect(returned(session, pmd_at(k, phys_to_virt(k.c, AT))).attr).toBe(_KERNPG_TABLE | _PAGE_USER);
});

test.each([
  ['v5.10', false],
  ['v6.1', false],
  ['v6.12', true],
  ['v7.2', true],
] as const)('%s: base pages below a table come from the altmap: %s', (release, taken) => {
  const session = booted(release, X86);
  const { kernel: k } = session;
  const pfn = AT / k.c.PAGE_SIZE;
  const [start, end] = [vmemmap_of(k.c, pfn), vmemmap_of(k.c, pfn + k.c.PAGES_PER_SECTION)];
  const first = vmemmap_of(k.c, pfn + k.c.PAGES_PER_SUBSECTION);
  run(session, k.vmemmap_populate(start, first, 0, null));
  const altmap = { base_pfn: pfn, reserve: 0, free: 1024, align: 0, alloc: 0 };
  expect(returned(session, k.vmemmap_populate(start, end, 0, altmap))).toBe(0);
  expect(altmap.alloc).toBe(taken ? 504 : 0);
});
