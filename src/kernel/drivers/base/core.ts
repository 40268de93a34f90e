import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { kstrtobool } from '../../lib/kstrtox.ts';
import { lock_device_hotplug_sysfs, unlock_device_hotplug } from '../../locks.ts';
import { lock, R, unlock, W } from '../../ops.ts';

/** drivers/base/core.c, for the only modelled kind of device: a memory block. */

export const v5_2 = {
  /** 0, 1 if it is already online, or a negative errno. */
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

  /** 0, 1 if it is already offline, or a negative errno. */
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

  /** memoryX/online: a request for the current state is no error. */
  *online_store(this: Kernel, id: number, text: string): Steps<number> {
    const val = kstrtobool(text, this.c);
    if (val === null) return -this.errno.EINVAL;
    if (!(yield* lock_device_hotplug_sysfs())) return -this.errno.ERESTARTNOINTR;
    const ret = val ? yield* this.device_online(id) : yield* this.device_offline(id);
    yield* unlock_device_hotplug();
    return Math.min(ret, 0);
  },

  *online_show(this: Kernel, id: number): Steps<string> {
    return (yield* R('memory_block', id, 'offline')) ? '0\n' : '1\n';
  },
};
