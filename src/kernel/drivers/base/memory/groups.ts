import type { Steps } from '../../../../steps/step.ts';
import type { Kernel } from '../../../kernel.ts';
import { add, alloc, free, R } from '../../../ops.ts';

export const v6_1 = {
  /** memory_group_register_static: the id of the new group. */
  *memory_group_register_static(this: Kernel, nid: number, max_pages: number): Steps<number> {
    const mgid = yield* R('vars', 0, 'next_mgid');
    yield* add('vars', 0, 'next_mgid', 1);
    yield* alloc('memory_group', mgid, {
      nid,
      is_dynamic: false,
      pages: max_pages,
      present_kernel_pages: 0,
      present_movable_pages: 0,
      nr_blocks: 0,
    });
    return mgid;
  },

  /** -EBUSY while the group contains a block. */
  *memory_group_unregister(this: Kernel, mgid: number): Steps<number> {
    if ((yield* R('memory_group', mgid, 'nr_blocks')) > 0) return -this.errno.EBUSY;
    yield* free('memory_group', mgid);
    return 0;
  },

  *memory_group_register_dynamic(this: Kernel, nid: number, unit_pages: number): Steps<number> {
    const mgid = yield* R('vars', 0, 'next_mgid');
    yield* add('vars', 0, 'next_mgid', 1);
    yield* alloc('memory_group', mgid, {
      nid,
      is_dynamic: true,
      pages: unit_pages,
      present_kernel_pages: 0,
      present_movable_pages: 0,
      nr_blocks: 0,
    });
    return mgid;
  },
};

export const v5_8 = {
  /** Memory groups came with v5.15. */
  *memory_group_register_dynamic(this: Kernel, _nid: number, _unit_pages: number): Steps<number> {
    return -1;
  },
};
