import type { Steps } from '../../../../../steps/step.ts';
import type { Kernel } from '../../../../kernel.ts';
import { PG_dirty } from '../../../../mm/page.ts';

/** drivers/staging/kpc2000/kpc_dma/fileops.c: releases the pages of a finished transfer. */

export const v5_2 = {
  *transfer_complete_cb(this: Kernel, user_pages: readonly number[]): Steps<void> {
    for (const pfn of user_pages) {
      if (yield* this.PageReserved(pfn, 'transfer_complete_cb')) continue;
      yield* this.$set_page_flag(pfn, 1, PG_dirty, 'transfer_complete_cb');
    }
  },
};

export const pg_reserved = {
  *transfer_complete_cb(this: Kernel, user_pages: readonly number[]): Steps<void> {
    for (const pfn of user_pages) {
      if (!(yield* this.is_zone_device_page(pfn))) yield* v5_2.transfer_complete_cb.call(this, [pfn]);
    }
  },
};
