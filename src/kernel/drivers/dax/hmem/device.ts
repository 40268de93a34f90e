import type { Steps } from '../../../../steps/step.ts';
import { IOMEM_RESOURCE } from '../../../kernel/resource.ts';
import type { Kernel } from '../../../kernel.ts';
import { alloc, look, operation } from '../../../ops.ts';
import { IORESOURCE_MEM, type State } from '../../../state.ts';

/** drivers/dax/hmem/device.c: memory that the firmware reserves for a purpose of its own (EFI_MEMORY_SP) as device-dax. */

/** Whether the range touches a CXL window, and whether a CXL region contains it. */
export const cxl_at = operation({
  name: 'cxl_at',
  obj: 'cxl_region',
  writes: false,
  run: (
    state: State,
    start: number,
    size: number,
  ): { readonly window: boolean; readonly claimed: boolean } => ({
    window: [...state.cxl_root_decoder.values()].some(
      (own) => own.start < start + size && start < own.start + own.size,
    ),
    claimed: [...state.cxl_region.values()].some(
      (own) => own.start <= start && start + size <= own.start + own.size,
    ),
  }),
});

/** memregion_alloc(): NVDIMM regions, CXL regions and these devices share one series of numbers. */
export const free_memregion = operation({
  name: 'free_memregion',
  obj: 'hmem',
  writes: false,
  run: (state: State): number => {
    let id = 0;
    while (state.nd_region.has(id) || state.cxl_region.has(id) || state.hmem.has(id)) id++;
    return id;
  },
});

export const v5_7 = {
  /** e820 and efi: the range in /proc/iomem. */
  *$soft_reserve(this: Kernel, start: number, size: number): Steps<number> {
    return yield* this.insert_resource(IOMEM_RESOURCE, {
      name: 'Soft Reserved',
      start,
      end: start + size - 1,
      flags: IORESOURCE_MEM,
      children: [],
    });
  },

  *hmem_register_device(this: Kernel, target_nid: number, start: number, size: number): Steps<number> {
    const id = yield* look(free_memregion);
    yield* alloc('hmem', id, { start, size, target_node: target_nid });
    const rc = yield* this.dax_hmem_probe(id);
    if (rc) yield* this.$probe_failed('hmem', `hmem.${id}`, rc);
    return 0;
  },
};

export const v6_3 = {
  /** v6.3+: what lies in a CXL window is left to CXL. */
  *hmem_register_device(this: Kernel, target_nid: number, start: number, size: number): Steps<number> {
    if ((yield* look(cxl_at, start, size)).window) return 0;
    return yield* v5_7.hmem_register_device.call(this, target_nid, start, size);
  },
};

export const v7_0 = {
  /** Soft Reserved memory has a resource tree of its own; /proc/iomem does not show it. */
  *$soft_reserve(this: Kernel, _start: number, _size: number): Steps<number> {
    return 0;
  },
};

export const v7_2 = {
  /** What lies in a CXL window is registered unless a CXL region contains it after CXL's first probe. */
  *hmem_register_device(this: Kernel, target_nid: number, start: number, size: number): Steps<number> {
    if ((yield* look(cxl_at, start, size)).claimed) return 0;
    return yield* v5_7.hmem_register_device.call(this, target_nid, start, size);
  },
};
