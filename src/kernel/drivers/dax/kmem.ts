import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { string_get_size } from '../../lib/string_helpers.ts';
import { MHP_MEMMAP_ON_MEMORY, MHP_NID_IS_MGID, MHP_NONE } from '../../mm/memory_hotplug/add_memory.ts';
import { pr_err, pr_info, pr_warn, R, W } from '../../ops.ts';
import { hex, hexpad, mem_range } from '../../pfn.ts';
import { IORESOURCE_SYSTEM_RAM } from '../../state.ts';

/** drivers/dax/kmem.c: device-dax as system RAM, in whole memory blocks. */

export interface Range {
  readonly start: number;
  readonly size: number;
}

const text = ({ start, size }: Range): string => `${hex(start)}-${hex(start + size - 1)}`;

export const v5_2 = {
  /** The range of the instance aligned inwards to memory blocks; size 0 if nothing remains. */
  *dax_kmem_range(this: Kernel, dax: number): Steps<Range> {
    const block = this.c.memory_block_size_bytes;
    const first = yield* R('dev_dax', dax, 'start');
    const start = Math.ceil(first / block) * block;
    const end = Math.floor((first + (yield* R('dev_dax', dax, 'size'))) / block) * block;
    return { start, size: Math.max(0, end - start) };
  },

  *dev_dax_kmem_probe(this: Kernel, dax: number): Steps<number> {
    const range = yield* this.dax_kmem_range(dax);
    if (range.size === 0) return yield* this.$dax_kmem_too_small(dax);
    yield* this.$dax_kmem_truncated(dax, range);
    const name = yield* R('dev_dax', dax, 'name');
    if (!(yield* this.__request_region(range.start, range.size, name, 0))) {
      return yield* this.$dax_kmem_not_reserved(name, range);
    }
    // not busy, so that add_memory can insert its own entry below
    yield* this.$set_resource_flags(range.start, range.size, IORESOURCE_SYSTEM_RAM);
    const rc = yield* this.$dax_kmem_add(dax, range.start, range.size);
    if (rc) {
      yield* this.$dax_kmem_not_added(dax, range);
      yield* this.release_resource(range.start, range.size);
      return rc;
    }
    yield* W('dev_dax', dax, 'res', true);
    return 0;
  },

  /** v5.2 requests a range of zero or negative size, and fails. */
  *$dax_kmem_too_small(this: Kernel, dax: number): Steps<number> {
    const block = this.c.memory_block_size_bytes;
    const first = yield* R('dev_dax', dax, 'start');
    const start = Math.ceil(first / block) * block;
    const size = Math.floor((first + (yield* R('dev_dax', dax, 'size')) - start) / block) * block;
    return yield* this.$dax_kmem_not_reserved(yield* R('dev_dax', dax, 'name'), { start, size });
  },

  /** The end that is printed is exclusive. */
  *$dax_kmem_not_reserved(this: Kernel, name: string, { start, size }: Range): Steps<number> {
    const range = `[0x${hexpad(start, 16)}-0x${hexpad(start + size, 16)}]`;
    yield* pr_warn(`kmem ${name}: could not reserve region ${range}`);
    return -this.errno.EBUSY;
  },

  $dax_kmem_mapping(this: Kernel, { start, size }: Range): string {
    return `DAX region ${mem_range(start, size)}`;
  },

  *$dax_kmem_not_added(this: Kernel, _dax: number, _range: Range): Steps<void> {},

  *$dax_kmem_truncated(this: Kernel, _dax: number, _range: Range): Steps<void> {},

  *$dax_kmem_add(this: Kernel, dax: number, start: number, size: number): Steps<number> {
    return yield* this.add_memory(yield* R('dev_dax', dax, 'target_node'), start, size, MHP_NONE);
  },

  /** The memory stays until the next boot, and its resource with it. */
  *dev_dax_kmem_remove(this: Kernel, _dax: number): Steps<void> {},
};

export const v5_3 = {
  /** One attempt to remove the memory. Memory that is still online stays, although the driver is unbound. */
  *dev_dax_kmem_remove(this: Kernel, dax: number): Steps<void> {
    if (!(yield* R('dev_dax', dax, 'res'))) return;
    const range = yield* this.dax_kmem_range(dax);
    if (yield* this.remove_memory(range.start, range.size)) {
      const name = yield* R('dev_dax', dax, 'name');
      const mapping = this.$dax_kmem_mapping(range);
      yield* pr_err(`kmem ${name}: ${mapping} cannot be hotremoved until the next reboot`);
      return;
    }
    yield* this.release_resource(range.start, range.size);
    yield* W('dev_dax', dax, 'res', false);
    yield* this.$dax_kmem_removed(dax);
  },

  *$dax_kmem_removed(this: Kernel, _dax: number): Steps<void> {},
};

export const v5_10 = {
  *$dax_kmem_not_reserved(this: Kernel, name: string, range: Range): Steps<number> {
    yield* pr_warn(`kmem ${name}: ${this.$dax_kmem_mapping(range)} could not reserve region`);
    return -this.errno.EBUSY;
  },

  $dax_kmem_mapping(this: Kernel, range: Range): string {
    return `mapping0: ${text(range)}`;
  },

  *$dax_kmem_too_small(this: Kernel, dax: number): Steps<number> {
    const name = yield* R('dev_dax', dax, 'name');
    const range = { start: yield* R('dev_dax', dax, 'start'), size: yield* R('dev_dax', dax, 'size') };
    yield* pr_info(`kmem ${name}: ${this.$dax_kmem_mapping(range)} too small after alignment`);
    return yield* this.$dax_kmem_nothing_left(name);
  },

  /** The driver stays bound to an instance of which it uses no part. */
  *$dax_kmem_nothing_left(this: Kernel, _name: string): Steps<number> {
    return 0;
  },

  *$dax_kmem_not_added(this: Kernel, dax: number, range: Range): Steps<void> {
    const name = yield* R('dev_dax', dax, 'name');
    yield* pr_warn(`kmem ${name}: ${this.$dax_kmem_mapping(range)} memory add failed`);
  },

  *$dax_kmem_add(this: Kernel, dax: number, start: number, size: number): Steps<number> {
    const nid = yield* R('dev_dax', dax, 'target_node');
    return yield* this.add_memory_driver_managed(nid, start, size, 'System RAM (kmem)', MHP_NONE);
  },
};

export const v6_1 = {
  *$dax_kmem_nothing_left(this: Kernel, name: string): Steps<number> {
    yield* pr_warn(`kmem ${name}: rejecting DAX region without any memory after alignment`);
    return -this.errno.EINVAL;
  },

  /** v5.15+: a static memory group. */
  *$dax_kmem_add(this: Kernel, dax: number, start: number, size: number): Steps<number> {
    const nid = yield* R('dev_dax', dax, 'target_node');
    const mgid = yield* this.memory_group_register_static(nid, Math.ceil(size / this.c.PAGE_SIZE));
    const flags = MHP_NID_IS_MGID | (yield* this.$dax_kmem_flags(dax));
    const rc = yield* this.add_memory_driver_managed(mgid, start, size, 'System RAM (kmem)', flags);
    if (rc) yield* this.memory_group_unregister(mgid);
    else yield* W('dev_dax', dax, 'mgid', mgid);
    return rc;
  },

  *$dax_kmem_flags(this: Kernel, _dax: number): Steps<number> {
    return MHP_NONE;
  },

  *$dax_kmem_removed(this: Kernel, dax: number): Steps<void> {
    yield* this.memory_group_unregister(yield* R('dev_dax', dax, 'mgid'));
    yield* W('dev_dax', dax, 'mgid', -1);
  },
};

export const v6_12 = {
  /** v6.8+ */
  *$dax_kmem_flags(this: Kernel, dax: number): Steps<number> {
    return (yield* R('dev_dax', dax, 'memmap_on_memory')) ? MHP_MEMMAP_ON_MEMORY : MHP_NONE;
  },
};

export const v7_2 = {
  *$dax_kmem_truncated(this: Kernel, dax: number, { size }: Range): Steps<void> {
    const lost = (yield* R('dev_dax', dax, 'size')) - size;
    if (lost === 0) return;
    const name = yield* R('dev_dax', dax, 'name');
    yield* pr_warn(`kmem ${name}: DAX region truncated by ${string_get_size(lost)} due to alignment`);
  },
};
