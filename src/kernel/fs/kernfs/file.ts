import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { kernfs_get_active, kernfs_put_active } from '../../locks.ts';
import { exists, forget, scoped } from '../../ops.ts';

/** Writes to a file of a memory block, and restarts as long as the kernel says so. */
function* write_until_done(k: Kernel, id: number, attr: 'state' | 'online', text: string): Steps<number> {
  for (;;) {
    yield* forget('kernfs_fop_write');
    if (!(yield* exists('memory_block', id)) || !(yield* kernfs_get_active(id))) return -k.errno.ENODEV;
    // the block may be removed between the two
    const there = yield* exists('memory_block', id);
    const ret = there ? yield* k[`${attr}_store`](id, text) : -k.errno.ENODEV;
    yield* kernfs_put_active(id);
    if (ret !== -k.errno.ERESTARTNOINTR) return ret;
  }
}

export const v5_2 = {
  /** write() to memoryX/state or memoryX/online while other threads run: the file may be removed at any time (B05). */
  *kernfs_fop_write(this: Kernel, id: number, attr: 'state' | 'online', text: string): Steps<number> {
    return yield* scoped('kernfs_fop_write', write_until_done(this, id, attr, text));
  },
};
