import type { Kernel } from '../../kernel/kernel.ts';
import { PG_dirty } from '../../kernel/mm/page.ts';
import { look, operation } from '../../kernel/ops.ts';
import type { State } from '../../kernel/state.ts';
import type { Steps } from '../../steps/step.ts';
import type { Result } from '../running/result.ts';
import type { Session } from '../running/session.ts';

/** What a consumer of PG_reserved receives. */
export type Needs =
  /** Any pfn that has been mapped, with or without struct page. */
  | 'pfn'
  /** A page of user space, from get_user_pages(): it has an initialised struct page. */
  | 'page'
  /** A kernel object that extends from this page into the next one. */
  | 'object';

/** A function that decides by PG_reserved, called for one page. */
export interface Consumer {
  readonly file: string;
  /** The yes-or-no question that it answers. */
  readonly asks: string;
  readonly needs: Needs;
  ask(k: Kernel, pfn: number): Steps<boolean>;
}

const isDirty = operation({
  name: 'is_dirty',
  obj: 'pages',
  writes: false,
  run: (state: State, pfn: number): boolean => (state.pages.get(pfn) & PG_dirty) !== 0,
});

/** Whether a call leaves a clean page dirty. */
function* dirties(k: Kernel, pfn: number, act: Steps<void>): Steps<boolean> {
  yield* k.$clear_page_flag(pfn, 1, PG_dirty, 'clear_page_dirty_for_io');
  yield* act;
  return yield* look(isDirty, pfn);
}

/** Data storage interrupt of powerpc: no attempt to execute. */
const TRAP_DSI = 0x300;

const all = {
  kvm_is_mmio_pfn: {
    file: 'arch/x86/kvm/mmu.c',
    asks: 'MMIO',
    needs: 'pfn',
    ask: (k, pfn) => k.kvm_is_mmio_pfn(pfn),
  },
  kvm_is_reserved_pfn: {
    file: 'virt/kvm/kvm_main.c',
    asks: 'reserved',
    needs: 'pfn',
    ask: (k, pfn) => k.kvm_is_reserved_pfn(pfn),
  },
  kvm_set_pfn_dirty: {
    file: 'virt/kvm/kvm_main.c',
    asks: 'set dirty',
    needs: 'pfn',
    ask: (k, pfn) => dirties(k, pfn, k.kvm_set_pfn_dirty(pfn)),
  },
  is_invalid_reserved_pfn: {
    file: 'drivers/vfio/vfio_iommu_type1.c',
    asks: 'invalid or reserved',
    needs: 'pfn',
    ask: (k, pfn) => k.is_invalid_reserved_pfn(pfn),
  },
  kvmppc_book3s_instantiate_page: {
    file: 'arch/powerpc/kvm/book3s_64_mmu_radix.c',
    asks: 'page used',
    needs: 'pfn',
    *ask(k, pfn) {
      return (yield* k.kvmppc_book3s_instantiate_page(pfn)) >= 0;
    },
  },
  hash_page_do_lazy_icache: {
    file: 'arch/powerpc/mm/book3s64/hash_utils.c',
    asks: 'flush or no-execute',
    needs: 'pfn',
    *ask(k, pfn) {
      return (yield* k.hash_page_do_lazy_icache(0, pfn, TRAP_DSI)) !== 0;
    },
  },
  maybe_pte_to_page: {
    file: 'arch/powerpc/mm/pgtable.c',
    asks: 'page used',
    needs: 'pfn',
    *ask(k, pfn) {
      return (yield* k.maybe_pte_to_page(pfn)) >= 0;
    },
  },
  __ioremap_check_ram: {
    file: 'arch/x86/mm/ioremap.c',
    asks: 'ioremap allowed',
    needs: 'pfn',
    *ask(k, pfn) {
      return !(yield* k.__ioremap_check_ram(pfn, 1));
    },
  },
  gasket_release_page: {
    file: 'drivers/staging/gasket/gasket_page_table.c',
    asks: 'set dirty',
    needs: 'page',
    ask: (k, pfn) => dirties(k, pfn, k.gasket_release_page(pfn)),
  },
  transfer_complete_cb: {
    file: 'drivers/staging/kpc2000/kpc_dma/fileops.c',
    asks: 'set dirty',
    needs: 'page',
    ask: (k, pfn) => dirties(k, pfn, k.transfer_complete_cb([pfn])),
  },
  check_page_span: {
    file: 'mm/usercopy.c',
    asks: 'copy over the page end allowed',
    needs: 'object',
    *ask(k, pfn) {
      const half = k.c.PAGE_SIZE / 64;
      yield* k.check_page_span((pfn + 1) * k.c.PAGE_SIZE - half, 2 * half, true);
      return true;
    },
  },
} satisfies Record<string, Consumer>;

export type ConsumerName = keyof typeof all;

/** Every consumer by its kernel name. The powerpc ones run on the modelled x86 machine: they see a pfn and its struct page. */
export const consumers: Readonly<Record<ConsumerName, Consumer>> = all;

export const consumerNames = Object.keys(all) as [ConsumerName, ...ConsumerName[]];

/**
 * The function that the kernel lacks for the consumer to be modelled: since v5.12 most consumers no longer check the
 * flag.
 */
export const lacksConsumer = (kernel: Kernel, name: ConsumerName): string | null =>
  kernel.$knows_users_of_PG_reserved() ? null : `not modelled: ${name}() of ${kernel.release}`;

function* asNumber(thread: Steps<boolean>): Steps<number> {
  return (yield* thread) ? 1 : 0;
}

/** A consumer's answer for a page: 1 for yes, 0 for no. */
export const askConsumer = (session: Session, name: ConsumerName, pfn: number): Result =>
  session.call(asNumber(consumers[name].ask(session.kernel, pfn)));
