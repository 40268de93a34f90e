import type { Steps } from '../../steps/step.ts';
import type { Kernel } from '../kernel.ts';
import { look, operation } from '../ops.ts';
import type { resource, State } from '../state.ts';

/** mm/usercopy.c with CONFIG_HARDENED_USERCOPY_PAGESPAN: objects that reach over several pages of the linear map. */

const IMAGE = ['Kernel rodata', 'Kernel data', 'Kernel bss'];

/** The part of the kernel image that contains the whole range, or ''. */
const image_part = operation({
  name: 'image_part',
  obj: 'iomem_resource',
  writes: false,
  run(state: State, start: number, end: number): string {
    const visit = (res: resource): string => {
      for (const child of res.children) {
        if (child.start > start || child.end < end) continue;
        return IMAGE.includes(child.name) ? child.name : visit(child);
      }
      return '';
    };
    return visit(state.iomem_resource);
  },
});

export const v5_2 = {
  /** Ranges that are allowed although they span pages. */
  *$usercopy_special(this: Kernel, pfn: number): Steps<boolean> {
    return yield* this.PageReserved(pfn, 'check_page_span');
  },

  /** Checks an object of `n` bytes at a physical address: it returns, or it is a BUG. */
  *check_page_span(this: Kernel, phys: number, n: number, to_user: boolean): Steps<void> {
    const { PAGE_SIZE } = this.c;
    const part = yield* look(image_part, phys, phys + n - 1);
    if (part === 'Kernel rodata' && !to_user) yield* this.usercopy_abort('rodata', to_user, n);
    if (part !== '') return;
    const pfn = Math.floor(phys / PAGE_SIZE);
    const last = Math.floor((phys + n - 1) / PAGE_SIZE);
    if (pfn === last) return;
    const head = yield* this.compound_head(pfn, 'check_page_span');
    if ((yield* this.compound_head(last, 'check_page_span')) === head) return;
    const is_reserved = yield* this.$usercopy_special(head);
    const is_cma = yield* this.is_migrate_cma_page(head);
    if (!is_reserved && !is_cma) yield* this.usercopy_abort('spans multiple pages', to_user, n);
    for (let next = pfn + 1; next <= last; next++) {
      const page = yield* this.compound_head(next, 'check_page_span');
      if (is_reserved && !(yield* this.$usercopy_special(page)))
        yield* this.usercopy_abort('spans Reserved and non-Reserved pages', to_user, n);
      if (is_cma && !(yield* this.is_migrate_cma_page(page)))
        yield* this.usercopy_abort('spans CMA and non-CMA pages', to_user, n);
    }
  },

  *usercopy_abort(this: Kernel, name: string, to_user: boolean, n: number): Steps<void> {
    const [what, where] = to_user ? ['exposure', 'from'] : ['overwrite', 'to'];
    yield* this.BUG(
      'usercopy_abort',
      `usercopy: Kernel memory ${what} attempt detected ${where} ${name} (offset 0, size ${n})!`,
      { message: `Kernel memory ${what} attempt detected ${where} ${name}`, size: n },
    );
  },
};

export const pg_reserved = {
  *$usercopy_special(this: Kernel, pfn: number): Steps<boolean> {
    return (yield* v5_2.$usercopy_special.call(this, pfn)) || (yield* this.is_zone_device_page(pfn));
  },
};
