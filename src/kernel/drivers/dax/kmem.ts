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
  /** The i-th range of the instance aligned inwards to memory blocks; size 0 if nothing remains. */
  *dax_kmem_range(this: Kernel, dax: number, i: number): Steps<Range> {
    const block = this.c.memory_block_size_bytes;
    const own = (yield* R('dev_dax', dax, 'ranges'))[i]!;
    const start = Math.ceil(own.start / block) * block;
    const end = Math.floor((own.start + own.size) / block) * block;
    return { start, size: Math.max(0, end - start) };
  },

  *dev_dax_kmem_probe(this: Kernel, dax: number): Steps<number> {
    const nid = yield* R('dev_dax', dax, 'target_node');
    if (nid < 0) {
      yield* this.$dax_kmem_invalid_node(dax, nid);
      return -this.errno.EINVAL;
    }
    const range = yield* this.dax_kmem_range(dax, 0);
    if (range.size === 0) return yield* this.$dax_kmem_too_small(dax);
    const name = yield* R('dev_dax', dax, 'name');
    if (!(yield* this.__request_region(range.start, range.size, name, 0))) {
      return yield* this.$dax_kmem_not_reserved(name, range);
    }
    // not busy, so that add_memory can insert its own entry below
    yield* this.$set_resource_flags(range.start, range.size, IORESOURCE_SYSTEM_RAM);
    const rc = yield* this.$dax_kmem_add(dax, range.start, range.size);
    if (rc) {
      yield* this.release_resource(range.start, range.size);
      return rc;
    }
    yield* W('dev_dax', dax, 'res', [true]);
    return 0;
  },

  *$dax_kmem_invalid_node(this: Kernel, dax: number, nid: number): Steps<void> {
    const name = yield* R('dev_dax', dax, 'name');
    const [{ start, size }] = (yield* R('dev_dax', dax, 'ranges')) as [Range];
    const range = mem_range(start, size);
    yield* pr_warn(`kmem ${name}: rejecting DAX region ${range} with invalid node: ${nid}`);
  },

  /** v5.2 requests a range of zero or negative size, and fails. */
  *$dax_kmem_too_small(this: Kernel, dax: number): Steps<number> {
    const block = this.c.memory_block_size_bytes;
    const [own] = (yield* R('dev_dax', dax, 'ranges')) as [Range];
    const start = Math.ceil(own.start / block) * block;
    const size = Math.floor((own.start + own.size - start) / block) * block;
    return yield* this.$dax_kmem_not_reserved(yield* R('dev_dax', dax, 'name'), { start, size });
  },

  /** The end that is printed is exclusive. */
  *$dax_kmem_not_reserved(this: Kernel, name: string, { start, size }: Range): Steps<number> {
    const range = `[0x${hexpad(start, 16)}-0x${hexpad(start + size, 16)}]`;
    yield* pr_warn(`kmem ${name}: could not reserve region ${range}`);
    return -this.errno.EBUSY;
  },

  *$dax_kmem_add(this: Kernel, dax: number, start: number, size: number): Steps<number> {
    return yield* this.add_memory(yield* R('dev_dax', dax, 'target_node'), start, size, MHP_NONE);
  },

  /** The memory stays until the next boot, and its resource with it. */
  *dev_dax_kmem_remove(this: Kernel, _dax: number): Steps<void> {},
};

export const v5_3 = {
  /** One attempt to remove the memory. Memory that is still online stays, although the driver is unbound. */
  *dev_dax_kmem_remove(this: Kernel, dax: number): Steps<void> {
    if (!(yield* R('dev_dax', dax, 'res'))[0]) return;
    const { start, size } = yield* this.dax_kmem_range(dax, 0);
    if (yield* this.remove_memory(start, size)) {
      const name = yield* R('dev_dax', dax, 'name');
      const region = mem_range(start, size);
      yield* pr_err(`kmem ${name}: DAX region ${region} cannot be hotremoved until the next reboot`);
      return;
    }
    yield* this.release_resource(start, size);
    yield* W('dev_dax', dax, 'res', []);
  },
};

function* set_res(dax: number, i: number, exists: boolean): Steps<void> {
  const { length } = yield* R('dev_dax', dax, 'ranges');
  const res = yield* R('dev_dax', dax, 'res');
  yield* W(
    'dev_dax',
    dax,
    'res',
    Array.from({ length }, (_, at) => (at === i ? exists : (res[at] ?? false))),
  );
}

const mapping = (i: number, range: Range): string => `mapping${i}: ${text(range)}`;

function* too_small(dax: number, i: number): Steps<void> {
  const range = (yield* R('dev_dax', dax, 'ranges'))[i]!;
  yield* pr_info(`kmem ${yield* R('dev_dax', dax, 'name')}: ${mapping(i, range)} too small after alignment`);
}

/** remove_resource() of a pointer that is NULL, whose member `parent` is read. */
function* remove_no_resource(k: Kernel): Steps<void> {
  yield* k.BUG('__release_resource', 'kernel NULL pointer dereference, address: 0000000000000028');
}

export const v5_10 = {
  *$dax_kmem_invalid_node(this: Kernel, dax: number, nid: number): Steps<void> {
    const name = yield* R('dev_dax', dax, 'name');
    yield* pr_warn(`kmem ${name}: rejecting DAX region with invalid node: ${nid}`);
  },

  /** An instance has several ranges. One that is not added is left out, unless it is the first of which any is. */
  *dev_dax_kmem_probe(this: Kernel, dax: number): Steps<number> {
    const nid = yield* R('dev_dax', dax, 'target_node');
    if (nid < 0) {
      yield* this.$dax_kmem_invalid_node(dax, nid);
      return -this.errno.EINVAL;
    }
    const begun = yield* this.$dax_kmem_begin(dax);
    if (begun) return begun;
    const name = yield* R('dev_dax', dax, 'name');
    const ranges = yield* R('dev_dax', dax, 'ranges');
    yield* W('dev_dax', dax, 'res', []);
    let mapped = 0;
    for (let i = 0; i < ranges.length; i++) {
      const range = yield* this.dax_kmem_range(dax, i);
      if (range.size === 0) {
        yield* this.$dax_kmem_skipped(dax, i);
        continue;
      }
      const rc = yield* this.$dax_kmem_map(dax, name, i, range);
      if (rc && mapped === 0) {
        yield* this.$dax_kmem_failed(dax);
        return rc;
      }
      if (rc === 0) mapped++;
    }
    return 0;
  },

  *$dax_kmem_map(this: Kernel, dax: number, name: string, i: number, range: Range): Steps<number> {
    const { start, size } = range;
    if (!(yield* this.__request_region(start, size, name, 0))) {
      yield* pr_warn(`kmem ${name}: ${mapping(i, range)} could not reserve region`);
      return -this.errno.EBUSY;
    }
    // not busy, so that add_memory can insert its own entry below
    yield* this.$set_resource_flags(start, size, IORESOURCE_SYSTEM_RAM);
    const rc = yield* this.$dax_kmem_add(dax, start, size);
    if (rc === 0) {
      yield* set_res(dax, i, true);
      return 0;
    }
    yield* pr_warn(`kmem ${name}: ${mapping(i, range)} memory add failed`);
    yield* this.release_resource(start, size);
    return rc;
  },

  /** The driver stays bound to an instance of which it uses no part. */
  *$dax_kmem_begin(this: Kernel, _dax: number): Steps<number> {
    return 0;
  },

  *$dax_kmem_skipped(this: Kernel, dax: number, i: number): Steps<void> {
    yield* too_small(dax, i);
  },

  *$dax_kmem_failed(this: Kernel, _dax: number): Steps<void> {},

  /**
   * One attempt for each range. A range that was left out has no resource, and its memory, which is not there, is
   * removed all the same (B119; until v7.2, 6.1.178 and 6.12.97).
   */
  *dev_dax_kmem_remove(this: Kernel, dax: number): Steps<void> {
    yield* remove_ranges(this, dax, function* (k, _i, { start, size }) {
      const rc = yield* k.remove_memory(start, size);
      if (rc === 0) yield* remove_no_resource(k);
      return rc;
    });
  },

  *$dax_kmem_removed(this: Kernel, _dax: number): Steps<void> {},

  *$dax_kmem_add(this: Kernel, dax: number, start: number, size: number): Steps<number> {
    const nid = yield* R('dev_dax', dax, 'target_node');
    return yield* this.add_memory_driver_managed(nid, start, size, 'System RAM (kmem)', MHP_NONE);
  },
};

/** Removes all ranges; `absent` says what becomes of one that was never added. */
function* remove_ranges(
  k: Kernel,
  dax: number,
  absent: (k: Kernel, i: number, range: Range) => Steps<number>,
): Steps<void> {
  const name = yield* R('dev_dax', dax, 'name');
  const { length } = yield* R('dev_dax', dax, 'ranges');
  let success = 0;
  for (let i = 0; i < length; i++) {
    const range = yield* k.dax_kmem_range(dax, i);
    if (range.size === 0) continue;
    const added = (yield* R('dev_dax', dax, 'res'))[i] ?? false;
    const rc = added ? yield* k.remove_memory(range.start, range.size) : yield* absent(k, i, range);
    if (rc) {
      yield* pr_err(`kmem ${name}: ${mapping(i, range)} cannot be hotremoved until the next reboot`);
      continue;
    }
    success++;
    if (!added) continue;
    yield* k.release_resource(range.start, range.size);
    yield* set_res(dax, i, false);
  }
  if (success >= length) yield* k.$dax_kmem_removed(dax);
}

export const v6_1 = {
  /** First all that is too small is named; a static memory group has the rest (v5.15). */
  *$dax_kmem_begin(this: Kernel, dax: number): Steps<number> {
    const ranges = yield* R('dev_dax', dax, 'ranges');
    let orig_len = 0;
    let total_len = 0;
    for (let i = 0; i < ranges.length; i++) {
      const { size } = yield* this.dax_kmem_range(dax, i);
      if (size === 0) yield* too_small(dax, i);
      orig_len += ranges[i]!.size;
      total_len += size;
    }
    const name = yield* R('dev_dax', dax, 'name');
    if (total_len === 0) {
      yield* pr_warn(`kmem ${name}: rejecting DAX region without any memory after alignment`);
      return -this.errno.EINVAL;
    }
    yield* this.$dax_kmem_truncated(name, orig_len - total_len);
    const nid = yield* R('dev_dax', dax, 'target_node');
    const pages = Math.ceil(total_len / this.c.PAGE_SIZE);
    yield* W('dev_dax', dax, 'mgid', yield* this.memory_group_register_static(nid, pages));
    return 0;
  },

  *$dax_kmem_truncated(this: Kernel, _name: string, _lost: number): Steps<void> {},

  *$dax_kmem_skipped(this: Kernel, _dax: number, _i: number): Steps<void> {},

  *$dax_kmem_failed(this: Kernel, dax: number): Steps<void> {
    yield* this.$dax_kmem_removed(dax);
  },

  *$dax_kmem_add(this: Kernel, dax: number, start: number, size: number): Steps<number> {
    const mgid = yield* R('dev_dax', dax, 'mgid');
    const flags = MHP_NID_IS_MGID | (yield* this.$dax_kmem_flags(dax));
    return yield* this.add_memory_driver_managed(mgid, start, size, 'System RAM (kmem)', flags);
  },

  *$dax_kmem_flags(this: Kernel, _dax: number): Steps<number> {
    return MHP_NONE;
  },

  *dev_dax_kmem_remove(this: Kernel, dax: number): Steps<void> {
    yield* remove_ranges(this, dax, function* () {
      return 0;
    });
  },

  *$dax_kmem_removed(this: Kernel, dax: number): Steps<void> {
    yield* this.memory_group_unregister(yield* R('dev_dax', dax, 'mgid'));
    yield* W('dev_dax', dax, 'mgid', -1);
  },
};

export const v6_8 = {
  /** v6.8+ */
  *$dax_kmem_flags(this: Kernel, dax: number): Steps<number> {
    return (yield* R('dev_dax', dax, 'memmap_on_memory')) ? MHP_MEMMAP_ON_MEMORY : MHP_NONE;
  },
};

export const v6_17 = {
  *$dax_kmem_truncated(this: Kernel, name: string, lost: number): Steps<void> {
    if (lost === 0) return;
    yield* pr_warn(`kmem ${name}: DAX region truncated by ${string_get_size(lost)} due to alignment`);
  },
};
