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

/** Files of a memory block that can be read. */
type Shown = 'state' | 'valid_zones' | 'removable' | 'phys_index';

function* read_file(k: Kernel, id: number, attr: Shown): Steps<string | number> {
  if (!(yield* exists('memory_block', id)) || !(yield* kernfs_get_active(id))) return -k.errno.ENODEV;
  const there = yield* exists('memory_block', id);
  const shown = there ? k[`${attr}_show`](id) : -k.errno.ENODEV;
  const text = typeof shown === 'object' ? yield* shown : shown;
  yield* kernfs_put_active(id);
  return text;
}

export const v5_2 = {
  /** read() of memoryX/state and others while other threads run: its text, or an errno. */
  *kernfs_fop_read(this: Kernel, id: number, attr: Shown): Steps<string | number> {
    return yield* scoped('kernfs_fop_read', read_file(this, id, attr));
  },

  /** write() to memoryX/state or memoryX/online while other threads run: the file may be removed at any time (B05). */
  *kernfs_fop_write(this: Kernel, id: number, attr: 'state' | 'online', text: string): Steps<number> {
    return yield* scoped('kernfs_fop_write', write_until_done(this, id, attr, text));
  },
};
