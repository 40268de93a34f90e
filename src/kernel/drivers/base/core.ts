import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { lock, R, unlock, W } from '../../ops.ts';

/** drivers/base/core.c, for the one kind of device there is here: a memory block. */

export const v5_2 = {
  /** 0, 1 when it is online already, or a negative errno. */
  *device_online(this: Kernel, block: number): Steps<number> {
    yield* lock(`device_lock memory${block}`, 'mutex');
    let ret = 1;
    if (yield* R('memory_block', block, 'offline')) {
      ret = yield* this.memory_subsys_online(block);
      if (ret === 0) yield* W('memory_block', block, 'offline', false);
    }
    yield* unlock(`device_lock memory${block}`, 'mutex');
    return ret;
  },

  /** 0, 1 when it is offline already, or a negative errno. */
  *device_offline(this: Kernel, block: number): Steps<number> {
    yield* lock(`device_lock memory${block}`, 'mutex');
    let ret = 1;
    if (!(yield* R('memory_block', block, 'offline'))) {
      ret = yield* this.memory_subsys_offline(block);
      if (ret === 0) yield* W('memory_block', block, 'offline', true);
    }
    yield* unlock(`device_lock memory${block}`, 'mutex');
    return ret;
  },
};
