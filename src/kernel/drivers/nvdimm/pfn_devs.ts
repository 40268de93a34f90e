import type { Steps } from '../../../steps/step.ts';
import { SIZEOF_STRUCT_PAGE, SUBSECTION_SIZE } from '../../config.ts';
import type { Kernel, vmem_altmap } from '../../kernel.ts';
import { change, look, operation, pr_err, pr_info, R } from '../../ops.ts';
import { hex, IS_ALIGNED } from '../../pfn.ts';
import type { dev_pagemap, nd_pfn_sb, State } from '../../state.ts';

/**
 * drivers/nvdimm/pfn_devs.c: the info block that gives the place of a namespace's struct pages and the size of its
 * data.
 * `pfn` and `dax` stand for the instance in messages.
 */

const SZ_8K = 8192;
const ALIGN = (n: number, align: number): number => Math.ceil(n / align) * align;
const ALIGN_DOWN = (n: number, align: number): number => Math.floor(n / align) * align;

type Signature = nd_pfn_sb['signature'];

const block_at = operation({
  name: 'block_at',
  obj: 'nd_region',
  writes: false,
  run: (state: State, region: number, at: number): nd_pfn_sb | null =>
    state.nd_region.get(region)!.media.find((sb) => sb.at === at) ?? null,
});

const write_block = operation({
  name: 'write_block',
  obj: 'nd_region',
  writes: true,
  run: (state: State, region: number, sb: nd_pfn_sb): void => {
    const nd_region = state.nd_region.get(region)!;
    nd_region.media = [...nd_region.media.filter(({ at }) => at !== sb.at), sb];
  },
});

const erase_block = operation({
  name: 'erase_block',
  obj: 'nd_region',
  writes: true,
  run: (state: State, region: number, at: number): boolean => {
    const nd_region = state.nd_region.get(region)!;
    const had = nd_region.media.some((sb) => sb.at === at);
    nd_region.media = nd_region.media.filter((sb) => sb.at !== at);
    return had;
  },
});

export interface Namespace {
  readonly start: number;
  readonly size: number;
}

/** The start of the namespace's data, and the bytes left out at its ends. */
export type Layout = Pick<nd_pfn_sb, 'dataoff' | 'start_pad' | 'end_trunc' | 'npfns'>;

export const v5_2 = {
  /** The device name in a driver's messages. */
  *$pfn_dev_name(this: Kernel, ns: number): Steps<string> {
    const claim = yield* R('nd_namespace', ns, 'claim');
    const kind = claim === 'none' ? 'namespace' : claim;
    const driver = claim === 'dax' ? 'dax_pmem' : 'nd_pmem';
    return `${driver} ${kind}${yield* R('nd_namespace', ns, 'region')}.${yield* R('nd_namespace', ns, 'id')}`;
  },

  /** `live`: the instance's own settings; null while a namespace is probed. -ENODEV if there is no such info block. */
  *nd_pfn_validate(
    this: Kernel,
    ns: number,
    signature: Signature,
    live: Pick<nd_pfn_sb, 'mode' | 'align'> | null,
  ): Steps<{ rc: number; sb: nd_pfn_sb | null }> {
    const region = yield* R('nd_namespace', ns, 'region');
    const sb = yield* look(block_at, region, yield* R('nd_namespace', ns, 'offset'));
    const uuid = yield* R('nd_namespace', ns, 'uuid');
    if (!sb || sb.signature !== signature || sb.parent_uuid !== uuid)
      return { rc: -this.errno.ENODEV, sb: null };
    if (signature === 'btt') return { rc: 0, sb };
    const error = yield* this.$pfn_sb_error(ns, sb, live);
    if (error === null) return { rc: 0, sb };
    yield* pr_err(`${yield* this.$pfn_dev_name(ns)}: ${error}`);
    return { rc: -this.errno.EOPNOTSUPP, sb };
  },

  /** The error in an existing info block; null for none. Usually the namespace has moved. */
  *$pfn_sb_error(
    this: Kernel,
    ns: number,
    sb: nd_pfn_sb,
    live: Pick<nd_pfn_sb, 'mode' | 'align'> | null,
  ): Steps<string | null> {
    const { start, size } = yield* this.$namespace_range(ns);
    if (live && (live.align !== sb.align || live.mode !== sb.mode)) return 'init failed, settings mismatch';
    if (sb.align > size) return `alignment: ${sb.align.toString(16)} exceeds capacity ${size.toString(16)}`;
    if (sb.dataoff >= size) return `pfn array size exceeds capacity of ${yield* this.$namespace_name(ns)}`;
    if (
      !IS_ALIGNED(start + sb.dataoff + sb.start_pad, sb.align) ||
      !IS_ALIGNED(sb.dataoff, this.c.PAGE_SIZE)
    ) {
      return `bad offset: ${hex(sb.dataoff)} dax disabled align: ${hex(sb.align)}`;
    }
    return this.$pfn_edges_error(start + sb.start_pad, start + size - sb.end_trunc);
  },

  /** Padding makes whole sections; the edges need no further check. */
  $pfn_edges_error(this: Kernel, _start: number, _end: number): string | null {
    return null;
  },

  /**
   * trim_pfn_device: the bytes to leave out so that the whole sections around the range touch neither RAM nor another
   * region.
   */
  *trim_pfn_device(
    this: Kernel,
    region: number,
    { start, size }: Namespace,
    align: number,
  ): Steps<{ start_pad: number; end_trunc: number }> {
    const section = this.c.SECTION_SIZE;
    const end = start + size;
    const before = start - ALIGN_DOWN(start, section);
    let start_pad = 0;
    if (
      (yield* this.$region_intersects_ram(start - before, size + before)) === 'mixed' ||
      (yield* this.nd_region_conflict(region, start - before, size + before))
    ) {
      start_pad = ALIGN(start, section) - start;
    }
    const after = ALIGN(end, section) - end;
    let end_trunc = 0;
    if (
      (yield* this.$region_intersects_ram(start, size + after)) === 'mixed' ||
      !IS_ALIGNED(end, align) ||
      (yield* this.nd_region_conflict(region, start, size + after))
    ) {
      end_trunc = end - Math.min(ALIGN_DOWN(end, section), ALIGN_DOWN(end, align));
    }
    return { start_pad, end_trunc };
  },

  /**
   * The layout of a new info block, or a negative errno. Until v5.3 the range is trimmed to sections if they collide.
   */
  *$pfn_layout(this: Kernel, ns: number, mode: 'ram' | 'pmem', align: number): Steps<Layout | number> {
    const range = yield* this.$namespace_range(ns);
    const region = yield* R('nd_namespace', ns, 'region');
    const { start_pad, end_trunc } = yield* this.trim_pfn_device(region, range, align);
    if (start_pad + end_trunc) {
      const name = yield* this.$namespace_name(ns);
      yield* pr_info(
        `${yield* this.$pfn_dev_name(ns)}: ${name} alignment collision, truncate ${start_pad + end_trunc} bytes`,
      );
    }
    const { c } = this;
    const start = range.start + start_pad;
    const usable = Math.floor((range.size - start_pad - end_trunc - SZ_8K) / c.PAGE_SIZE);
    const npfns = ALIGN(usable, c.PAGES_PER_SECTION);
    const dataoff =
      mode === 'pmem'
        ? ALIGN(start + SZ_8K + SIZEOF_STRUCT_PAGE * npfns, Math.max(align, c.PMD_SIZE)) - start
        : ALIGN(start + SZ_8K, align) - start;
    if (dataoff + start_pad + end_trunc >= range.size) return yield* this.$no_such_alignment(ns);
    return { dataoff, start_pad, end_trunc, npfns: (range.size - dataoff - start_pad - end_trunc) / 4096 };
  },

  *$no_such_alignment(this: Kernel, ns: number): Steps<number> {
    const name = yield* this.$namespace_name(ns);
    yield* pr_err(`${yield* this.$pfn_dev_name(ns)}: ${name} unable to satisfy requested alignment`);
    return -this.errno.ENXIO;
  },

  /** The existing info block, or a new one. */
  *nd_pfn_init(this: Kernel, ns: number): Steps<{ rc: number; sb: nd_pfn_sb | null }> {
    const signature = yield* R('nd_namespace', ns, 'claim');
    const mode = yield* R('nd_namespace', ns, 'mode');
    const align = yield* R('nd_namespace', ns, 'align');
    if (signature === 'none' || mode === 'none') return { rc: -this.errno.ENODEV, sb: null };
    const found = yield* this.nd_pfn_validate(ns, signature, { mode, align });
    if (found.rc !== -this.errno.ENODEV) return found;
    const layout = yield* this.$pfn_layout(ns, mode, align);
    if (typeof layout === 'number') return { rc: layout, sb: null };
    const sb: nd_pfn_sb = {
      ...layout,
      at: yield* R('nd_namespace', ns, 'offset'),
      signature,
      mode,
      align,
      parent_uuid: yield* R('nd_namespace', ns, 'uuid'),
    };
    yield* change(write_block, yield* R('nd_namespace', ns, 'region'), sb);
    return { rc: 0, sb };
  },

  /** A BTT has an info block as well, but no struct pages. */
  *$nd_btt_init(this: Kernel, ns: number): Steps<void> {
    const at = yield* R('nd_namespace', ns, 'offset');
    const parent_uuid = yield* R('nd_namespace', ns, 'uuid');
    const nothing = { dataoff: 0, start_pad: 0, end_trunc: 0, npfns: 0, align: 0 };
    const sb: nd_pfn_sb = { ...nothing, at, signature: 'btt', mode: 'ram', parent_uuid };
    yield* change(write_block, yield* R('nd_namespace', ns, 'region'), sb);
  },

  /** A write by user space through the raw device; returns whether there was anything but zeroes. */
  *$zero_info_block(this: Kernel, ns: number): Steps<boolean> {
    const region = yield* R('nd_namespace', ns, 'region');
    return yield* change(erase_block, region, yield* R('nd_namespace', ns, 'offset'));
  },

  /** The first pfn of the altmap: that of the section in which the namespace begins. */
  $init_altmap_align(this: Kernel): number {
    return this.c.SECTION_SIZE;
  },

  /** The range and altmap of the namespace according to its info block: a pagemap that is not mapped yet. */
  *nvdimm_setup_pfn(
    this: Kernel,
    ns: number,
    type: dev_pagemap['type'],
  ): Steps<{ rc: number; pgmap: number; sb: nd_pfn_sb | null }> {
    const { rc, sb } = yield* this.nd_pfn_init(ns);
    if (rc || !sb) return { rc, pgmap: 0, sb };
    const { start, size } = yield* this.$namespace_range(ns);
    const base = start + sb.start_pad;
    const { PAGE_SIZE } = this.c;
    const altmap_base = ALIGN_DOWN(base, this.$init_altmap_align());
    const altmap: vmem_altmap | null =
      sb.mode === 'ram'
        ? null
        : {
            base_pfn: altmap_base / PAGE_SIZE,
            reserve: (SZ_8K + base - altmap_base) / PAGE_SIZE,
            free: (sb.dataoff - SZ_8K) / PAGE_SIZE,
            align: 0,
            alloc: 0,
          };
    const nid = yield* R('nd_region', yield* R('nd_namespace', ns, 'region'), 'nid');
    const length = size - sb.start_pad - sb.end_trunc;
    const pgmap = yield* this.$alloc_dev_pagemap(type, base, length, nid, altmap);
    return { rc: 0, pgmap, sb };
  },
};

export const v5_3 = {
  $init_altmap_align(this: Kernel): number {
    return SUBSECTION_SIZE;
  },

  /** No padding: a start that is not aligned to a sub-section is refused; an end is cut to the alignment. */
  *$pfn_layout(this: Kernel, ns: number, mode: 'ram' | 'pmem', align: number): Steps<Layout | number> {
    const { start, size } = yield* this.$namespace_range(ns);
    const rounding = Math.max(align, SUBSECTION_SIZE);
    const misaligned = yield* this.$pfn_start_misaligned(ns, start);
    if (misaligned) return misaligned;
    const end_trunc = start + size - ALIGN_DOWN(start + size, rounding);
    const npfns = Math.floor((size - SZ_8K) / this.c.PAGE_SIZE);
    const memmap = mode === 'pmem' ? SIZEOF_STRUCT_PAGE * npfns : 0;
    const dataoff = ALIGN(start + SZ_8K + memmap, rounding) - start;
    if (dataoff >= size) return yield* this.$no_such_alignment(ns);
    return {
      dataoff,
      start_pad: 0,
      end_trunc,
      npfns: Math.floor((size - dataoff - end_trunc) / this.c.PAGE_SIZE),
    };
  },

  /** Checked from v5.7 on. */
  *$pfn_start_misaligned(this: Kernel, _ns: number, _start: number): Steps<number> {
    return 0;
  },
};

export const v5_7 = {
  *$pfn_start_misaligned(this: Kernel, ns: number, start: number): Steps<number> {
    if (IS_ALIGNED(start, SUBSECTION_SIZE)) return 0;
    const name = yield* this.$namespace_name(ns);
    const dev = yield* this.$pfn_dev_name(ns);
    yield* pr_err(`${dev}: ${name}: start ${hex(start)} misaligned to ${hex(SUBSECTION_SIZE)}`);
    return -this.errno.EINVAL;
  },

  $pfn_edges_error(this: Kernel, start: number, end: number): string | null {
    if (!IS_ALIGNED(start, SUBSECTION_SIZE)) return 'resource start misaligned';
    return IS_ALIGNED(end, SUBSECTION_SIZE) ? null : 'resource end misaligned';
  },
};
