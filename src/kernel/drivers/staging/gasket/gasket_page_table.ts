import type { Steps } from '../../../../steps/step.ts';
import type { Kernel } from '../../../kernel.ts';
import { PG_dirty } from '../../../mm/page.ts';

/** drivers/staging/gasket/gasket_page_table.c: releases a page that a device has written to. */

export const v5_2 = {
  *gasket_release_page(this: Kernel, pfn: number): Steps<void> {
    if (!(yield* this.PageReserved(pfn, 'gasket_release_page')))
      yield* this.$set_page_flag(pfn, 1, PG_dirty, 'gasket_release_page');
  },
};

export const pg_reserved = {
  *gasket_release_page(this: Kernel, pfn: number): Steps<void> {
    if (yield* this.is_zone_device_page(pfn)) return;
    yield* v5_2.gasket_release_page.call(this, pfn);
  },
};
