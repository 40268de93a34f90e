import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { MHP_MEMMAP_ON_MEMORY, MHP_NID_IS_MGID, MHP_NONE } from '../../mm/memory_hotplug/add_memory.ts';
import { change, exists, look, operation, pr_err, pr_warn, R, W } from '../../ops.ts';
import type { acpi_physical_node, State } from '../../state.ts';

/** drivers/acpi/acpi_memhotplug.c: a PNP0C80 device adds its memory, and removes it when it is detached. */

/** Whether the block that starts at `phys` belongs to another memory device. */
const has_companion = operation({
  name: 'has_companion',
  obj: 'acpi_device',
  writes: false,
  run: (state: State, block: number, phys: number): boolean =>
    [...state.acpi_device.values()].some(
      (device) =>
        phys >= device.start &&
        phys < device.start + device.length &&
        device.physical_node_list.some((pn) => pn.block === block),
    ),
});

const unbind_range = operation({
  name: 'unbind_range',
  obj: 'acpi_device',
  writes: true,
  run(state: State, blocks: readonly number[]): void {
    const gone = new Set(blocks);
    for (const device of state.acpi_device.values()) {
      device.physical_node_list = device.physical_node_list.filter((pn) => !gone.has(pn.block));
    }
  },
});

export const v5_2 = {
  /** 0, or -EINVAL if a block already has a companion. */
  *acpi_bind_memory_blocks(this: Kernel, dev: number): Steps<number> {
    const start = yield* R('acpi_device', dev, 'start');
    const bound: acpi_physical_node[] = [];
    for (const block of yield* this.walk_memory_blocks(start, yield* R('acpi_device', dev, 'length'))) {
      if (yield* look(has_companion, block, block * this.c.memory_block_size_bytes)) {
        yield* pr_warn(`memory memory${block}: ACPI companion already set`);
        return -this.errno.EINVAL;
      }
      bound.push({ block, put_online: false });
    }
    yield* W('acpi_device', dev, 'physical_node_list', bound);
    return 0;
  },

  /** If the range is already in use (-EEXIST), it is bound all the same. 0 or -EINVAL. */
  *acpi_memory_enable_device(this: Kernel, dev: number): Steps<number> {
    const name = yield* R('acpi_device', dev, 'name');
    const length = yield* R('acpi_device', dev, 'length');
    const group = yield* this.$acpi_memory_group(dev, length);
    if (group < 0) return group;
    const result = length === 0 ? -this.errno.EINVAL : yield* this.$acpi_add_memory(dev, length);
    if (result && result !== -this.errno.EEXIST) {
      yield* pr_err(`acpi ${name}: add_memory failed`);
      return -this.errno.EINVAL;
    }
    if (yield* this.acpi_bind_memory_blocks(dev)) {
      // acpi_unbind_memory_blocks takes every block of the range, whichever device it belongs to
      const start = yield* R('acpi_device', dev, 'start');
      yield* change(unbind_range, yield* this.walk_memory_blocks(start, length));
      return -this.errno.ENODEV;
    }
    yield* W('acpi_device', dev, 'enabled', true);
    return 0;
  },

  /** Memory groups came with v5.15. */
  *$acpi_memory_group(this: Kernel, _dev: number, _length: number): Steps<number> {
    return 0;
  },

  *$acpi_add_memory(this: Kernel, dev: number, length: number): Steps<number> {
    const node = yield* R('acpi_device', dev, 'node');
    return yield* this.__add_memory(
      Math.max(node, 0),
      yield* R('acpi_device', dev, 'start'),
      length,
      MHP_NONE,
    );
  },

  /** 1: attached; negative: the driver does not bind. */
  *acpi_memory_device_add(this: Kernel, dev: number): Steps<number> {
    const name = yield* R('acpi_device', dev, 'name');
    const result = yield* this.acpi_memory_enable_device(dev);
    if (result) {
      yield* pr_err(`acpi ${name}: acpi_memory_enable_device() error`);
      yield* this.acpi_memory_device_free(dev);
      return result;
    }
    yield* W('acpi_device', dev, 'attached', true);
    yield* this.pr_debug('drivers/acpi/acpi_memhotplug.c', `acpi ${name}: Memory device configured by ACPI`);
    return 1;
  },

  /** Memory groups came with v5.15. */
  *acpi_memory_device_free(this: Kernel, _dev: number): Steps<void> {},

  *acpi_memory_device_remove(this: Kernel, dev: number): Steps<void> {
    if (!(yield* R('acpi_device', dev, 'attached'))) return;
    if (yield* R('acpi_device', dev, 'enabled')) {
      yield* W('acpi_device', dev, 'physical_node_list', []);
      yield* this.__remove_memory(
        yield* R('acpi_device', dev, 'start'),
        yield* R('acpi_device', dev, 'length'),
      );
      yield* W('acpi_device', dev, 'enabled', false);
    }
    yield* this.acpi_memory_device_free(dev);
    yield* W('acpi_device', dev, 'attached', false);
  },
};

export const v6_1 = {
  /** A failure to create the group ends the attempt before any memory is added. */
  *$acpi_memory_group(this: Kernel, dev: number, length: number): Steps<number> {
    if (length === 0) {
      yield* pr_err(`acpi ${yield* R('acpi_device', dev, 'name')}: device is empty`);
      return -this.errno.EINVAL;
    }
    const node = Math.max(yield* R('acpi_device', dev, 'node'), 0);
    if (!(yield* exists('pgdat', node))) return -this.errno.EINVAL;
    const mgid = yield* this.memory_group_register_static(node, Math.ceil(length / this.c.PAGE_SIZE));
    yield* W('acpi_device', dev, 'mgid', mgid);
    return mgid;
  },

  *$acpi_add_memory(this: Kernel, dev: number, length: number): Steps<number> {
    const mgid = yield* R('acpi_device', dev, 'mgid');
    const memmap = this.mhp_supports_memmap_on_memory(length) ? MHP_MEMMAP_ON_MEMORY : 0;
    const start = yield* R('acpi_device', dev, 'start');
    return yield* this.__add_memory(mgid, start, length, MHP_NID_IS_MGID | memmap);
  },

  *acpi_memory_device_free(this: Kernel, dev: number): Steps<void> {
    const mgid = yield* R('acpi_device', dev, 'mgid');
    if (mgid < 0) return;
    yield* this.memory_group_unregister(mgid);
    yield* W('acpi_device', dev, 'mgid', -1);
  },
};
