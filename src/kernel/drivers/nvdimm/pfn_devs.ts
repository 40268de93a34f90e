import type { Steps } from '../../../steps/step.ts';
import { type Config, SIZEOF_STRUCT_PAGE, SUBSECTION_SIZE } from '../../config.ts';
import type { Kernel, vmem_altmap } from '../../kernel.ts';
import { kstrtoul } from '../../lib/kstrtox.ts';
import { alloc, change, free, look, operation, pr_err, pr_info, R, W } from '../../ops.ts';
import { hex, IS_ALIGNED } from '../../pfn.ts';
import { type dev_pagemap, type nd_pfn, nd_pfn_key, type nd_pfn_sb, type State } from '../../state.ts';

/**
 * drivers/nvdimm/pfn_devs.c: pfn instances, and the info block that gives the place of a namespace's struct pages and
 * the size of its data. Instances are named by key; dax and btt instances share what they have in common with pfn.
 */

const SZ_8K = 8192;
const ALIGN = (n: number, align: number): number => Math.ceil(n / align) * align;
const ALIGN_DOWN = (n: number, align: number): number => Math.floor(n / align) * align;

type Kind = nd_pfn['kind'];

/** nd_info_block_reserve(): the first bytes of a namespace. */
export const nd_info_block_reserve = (c: Config): number => ALIGN(SZ_8K, c.PAGE_SIZE);

/** nd_pfn_supported_alignments(): only x86 has huge pages of a PUD that DAX can map (until v6.12 at least). */
export const nd_pfn_supported_alignments = (c: Config): readonly number[] => [
  c.PAGE_SIZE,
  c.PMD_SIZE,
  ...(c.arch === 'x86_64' ? [2 ** 30] : []),
];

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

/** The lowest id that no instance of this kind has in the region. */
const free_id = operation({
  name: 'free_id',
  obj: 'nd_pfn',
  writes: false,
  run: (state: State, region: number, kind: Kind): number => {
    let id = 0;
    while (state.nd_pfn.has(nd_pfn_key(region, kind, id))) id++;
    return id;
  },
});

export interface Namespace {
  readonly start: number;
  readonly size: number;
}

/** The start of the namespace's data, and the bytes left out at its ends. */
export type Layout = Pick<nd_pfn_sb, 'dataoff' | 'start_pad' | 'end_trunc' | 'npfns'>;

export const v5_2 = {
  *nd_pfn_create(this: Kernel, nd_region: number): Steps<number> {
    return yield* this.$nd_instance_create(nd_region, 'pfn');
  },

  *$nd_instance_create(this: Kernel, region: number, kind: Kind): Steps<number> {
    const key = yield* this.$nd_pfn_alloc(region, kind);
    yield* this.nd_device_register(yield* this.$nd_pfn_dev_name(key));
    return key;
  },

  /** A new instance, which claims nothing. */
  *$nd_pfn_alloc(this: Kernel, region: number, kind: Kind): Steps<number> {
    const id = yield* look(free_id, region, kind);
    const key = nd_pfn_key(region, kind, id);
    const empty = {
      mode: 'none',
      uuid: '',
      ndns: -1,
      pfn_sb: null,
      registered: false,
      bound: false,
      pgmap: 0,
    } as const;
    yield* alloc('nd_pfn', key, { region, kind, id, ...empty, align: this.c.PMD_SIZE });
    return key;
  },

  *$nd_pfn_release(this: Kernel, nd_pfn: number): Steps<void> {
    yield* this.nd_detach_ndns(nd_pfn);
    yield* free('nd_pfn', nd_pfn);
  },

  *$pfn_mode_store(this: Kernel, nd_pfn: number, buf: string): Steps<number> {
    if (yield* R('nd_pfn', nd_pfn, 'bound')) return -this.errno.EBUSY;
    // all but the last character of the text is compared
    const begins = buf.slice(0, -1);
    const mode = (['pmem', 'ram', 'none'] as const).find((name) => `${name}\n`.startsWith(begins));
    if (mode === undefined) return -this.errno.EINVAL;
    yield* W('nd_pfn', nd_pfn, 'mode', mode);
    return 0;
  },

  *$pfn_align_store(this: Kernel, nd_pfn: number, buf: string): Steps<number> {
    if (yield* R('nd_pfn', nd_pfn, 'bound')) return -this.errno.EBUSY;
    const align = kstrtoul(buf);
    if (align === null || !nd_pfn_supported_alignments(this.c).includes(align)) return -this.errno.EINVAL;
    yield* W('nd_pfn', nd_pfn, 'align', align);
    return 0;
  },

  *$pfn_uuid_store(this: Kernel, nd_pfn: number, buf: string): Steps<number> {
    if (yield* R('nd_pfn', nd_pfn, 'bound')) return -this.errno.EBUSY;
    const uuid = /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}/.exec(buf);
    if (!uuid) return -this.errno.EINVAL;
    yield* W('nd_pfn', nd_pfn, 'uuid', uuid[0].toLowerCase());
    return 0;
  },

  *nd_pfn_probe(this: Kernel, dev: string, ndns: number): Steps<number> {
    return yield* this.$nd_info_block_probe(dev, ndns, 'pfn');
  },

  /** Looks for an info block of this kind: a new instance then claims the namespace. -ENODEV for none. */
  *$nd_info_block_probe(this: Kernel, _dev: string, ndns: number, kind: Kind): Steps<number> {
    if (yield* R('nd_namespace', ndns, 'force_raw')) return -this.errno.ENODEV;
    const claim_class = yield* R('nd_namespace', ndns, 'claim_class');
    if (claim_class !== 'none' && claim_class !== kind) return -this.errno.ENODEV;
    const nd_pfn = yield* this.$nd_pfn_alloc(yield* R('nd_namespace', ndns, 'region'), kind);
    yield* this.__nd_attach_ndns(nd_pfn, ndns);
    const rc = yield* this.nd_pfn_validate(nd_pfn, kind);
    if (rc < 0) yield* this.$nd_pfn_release(nd_pfn);
    return rc;
  },

  /** The names that precede a message about the instance. */
  *$pfn_dev_name(this: Kernel, nd_pfn: number): Steps<string> {
    const name = yield* this.$nd_pfn_dev_name(nd_pfn);
    if (!(yield* R('nd_pfn', nd_pfn, 'registered'))) return ` ${name}`;
    return `${(yield* R('nd_pfn', nd_pfn, 'kind')) === 'dax' ? 'dax_pmem' : 'nd_pmem'} ${name}`;
  },

  /** Reads the info block of the namespace: -ENODEV if it has none of this kind that belongs to the instance. */
  *nd_pfn_validate(this: Kernel, nd_pfn: number, sig: Kind): Steps<number> {
    const ndns = yield* R('nd_pfn', nd_pfn, 'ndns');
    if (ndns < 0) return -this.errno.ENODEV;
    const region = yield* R('nd_namespace', ndns, 'region');
    const sb = yield* look(block_at, region, yield* R('nd_namespace', ndns, 'offset'));
    if (!sb || sb.signature !== sig || sb.parent_uuid !== (yield* R('nd_namespace', ndns, 'uuid'))) {
      return -this.errno.ENODEV;
    }
    const other = this.$pfn_other_pages(sb);
    if (other !== null) {
      yield* pr_err(`${yield* this.$pfn_dev_name(nd_pfn)}: ${other}`);
      return -this.errno.EOPNOTSUPP;
    }
    const uuid = yield* R('nd_pfn', nd_pfn, 'uuid');
    if (uuid === '') {
      yield* W('nd_pfn', nd_pfn, 'uuid', sb.uuid);
      yield* W('nd_pfn', nd_pfn, 'align', sb.align);
      yield* W('nd_pfn', nd_pfn, 'mode', sb.mode);
    } else if (uuid !== sb.uuid) return -this.errno.ENODEV;
    yield* W('nd_pfn', nd_pfn, 'pfn_sb', sb);
    if (sig === 'btt') return 0;
    const error = yield* this.$pfn_sb_error(nd_pfn, sb);
    if (error === null) return 0;
    yield* pr_err(`${yield* this.$pfn_dev_name(nd_pfn)}: ${error}`);
    return -this.errno.EOPNOTSUPP;
  },

  /** The error in an existing info block; null for none. Usually the namespace has moved. */
  *$pfn_sb_error(this: Kernel, nd_pfn: number, sb: nd_pfn_sb): Steps<string | null> {
    const ndns = yield* R('nd_pfn', nd_pfn, 'ndns');
    const { start, size } = yield* this.$namespace_range(ndns);
    if (sb.signature === 'dax' && !nd_pfn_supported_alignments(this.c).includes(sb.align)) {
      return `init failed, alignment mismatch: ${yield* R('nd_pfn', nd_pfn, 'align')}:${sb.align}`;
    }
    if (
      (yield* R('nd_pfn', nd_pfn, 'align')) !== sb.align ||
      (yield* R('nd_pfn', nd_pfn, 'mode')) !== sb.mode
    ) {
      return 'init failed, settings mismatch';
    }
    if (sb.align > size) return `alignment: ${sb.align.toString(16)} exceeds capacity ${size.toString(16)}`;
    if (sb.dataoff >= size) return `pfn array size exceeds capacity of ${yield* this.$namespace_name(ndns)}`;
    if (
      !IS_ALIGNED(start + sb.dataoff + sb.start_pad, sb.align) ||
      !IS_ALIGNED(sb.dataoff, this.c.PAGE_SIZE)
    ) {
      return `bad offset: ${hex(sb.dataoff)} dax disabled align: ${hex(sb.align)}`;
    }
    const edges = this.$pfn_edges_error(start + sb.start_pad, start + size - sb.end_trunc);
    return edges ?? (this.$pfn_too_small(sb, size - sb.start_pad) ? 'bad offset with small namespace' : null);
  },

  /** What is wrong with the pages of the kernel that wrote the block; it does not say before v5.4. */
  $pfn_other_pages(this: Kernel, _sb: nd_pfn_sb): string | null {
    return null;
  },

  /** Whether no data fits behind the metadata; not checked before v6.12. */
  $pfn_too_small(this: Kernel, _layout: Pick<Layout, 'dataoff' | 'end_trunc'>, _size: number): boolean {
    return false;
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
  *$pfn_layout(this: Kernel, nd_pfn: number): Steps<Layout | number> {
    const ns = yield* R('nd_pfn', nd_pfn, 'ndns');
    const mode = yield* R('nd_pfn', nd_pfn, 'mode');
    const align = yield* R('nd_pfn', nd_pfn, 'align');
    const range = yield* this.$namespace_range(ns);
    const region = yield* R('nd_namespace', ns, 'region');
    const { start_pad, end_trunc } = yield* this.trim_pfn_device(region, range, align);
    if (start_pad + end_trunc) {
      const name = yield* this.$namespace_name(ns);
      yield* pr_info(
        `${yield* this.$pfn_dev_name(nd_pfn)}: ${name} alignment collision, truncate ${start_pad + end_trunc} bytes`,
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
    if (dataoff + start_pad + end_trunc >= range.size) return yield* this.$no_such_alignment(nd_pfn);
    return {
      dataoff,
      start_pad,
      end_trunc,
      npfns: Math.floor((range.size - dataoff - start_pad - end_trunc) / c.PAGE_SIZE),
    };
  },

  *$no_such_alignment(this: Kernel, nd_pfn: number): Steps<number> {
    const name = yield* this.$namespace_name(yield* R('nd_pfn', nd_pfn, 'ndns'));
    yield* pr_err(`${yield* this.$pfn_dev_name(nd_pfn)}: ${name} unable to satisfy requested alignment`);
    return -this.errno.ENXIO;
  },

  /** The existing info block, or a new one. */
  *nd_pfn_init(this: Kernel, nd_pfn: number): Steps<number> {
    const signature = yield* R('nd_pfn', nd_pfn, 'kind');
    const rc = yield* this.nd_pfn_validate(nd_pfn, signature);
    if (rc !== -this.errno.ENODEV) return rc;
    const mode = yield* R('nd_pfn', nd_pfn, 'mode');
    const layout = yield* this.$pfn_layout(nd_pfn);
    if (typeof layout === 'number') return layout;
    if (mode === 'none') return -this.errno.ENXIO;
    const ndns = yield* R('nd_pfn', nd_pfn, 'ndns');
    const sb: nd_pfn_sb = {
      ...layout,
      at: yield* R('nd_namespace', ndns, 'offset'),
      signature,
      uuid: yield* R('nd_pfn', nd_pfn, 'uuid'),
      mode,
      align: yield* R('nd_pfn', nd_pfn, 'align'),
      parent_uuid: yield* R('nd_namespace', ndns, 'uuid'),
      ...this.$pfn_sb_pages(),
    };
    yield* change(write_block, yield* R('nd_pfn', nd_pfn, 'region'), sb);
    yield* W('nd_pfn', nd_pfn, 'pfn_sb', sb);
    return 0;
  },

  /** What a new info block says of pages. */
  $pfn_sb_pages(this: Kernel): Pick<nd_pfn_sb, 'page_size'> {
    return {};
  },

  /** A BTT has an info block as well, but no struct pages. */
  *$nd_btt_init(this: Kernel, nd_btt: number): Steps<void> {
    const ndns = yield* R('nd_pfn', nd_btt, 'ndns');
    const nothing = { dataoff: 0, start_pad: 0, end_trunc: 0, npfns: 0, align: 0 };
    const sb: nd_pfn_sb = {
      ...nothing,
      at: yield* R('nd_namespace', ndns, 'offset'),
      signature: 'btt',
      uuid: yield* R('nd_pfn', nd_btt, 'uuid'),
      mode: 'ram',
      parent_uuid: yield* R('nd_namespace', ndns, 'uuid'),
    };
    yield* change(write_block, yield* R('nd_pfn', nd_btt, 'region'), sb);
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
    nd_pfn: number,
    type: dev_pagemap['type'],
  ): Steps<{ rc: number; pgmap: number }> {
    const ndns = yield* R('nd_pfn', nd_pfn, 'ndns');
    if ((yield* R('nd_pfn', nd_pfn, 'uuid')) === '' || ndns < 0) return { rc: -this.errno.ENODEV, pgmap: 0 };
    const rc = yield* this.nd_pfn_init(nd_pfn);
    if (rc) return { rc, pgmap: 0 };
    const sb = (yield* R('nd_pfn', nd_pfn, 'pfn_sb'))!;
    const { start, size } = yield* this.$namespace_range(ndns);
    const base = start + sb.start_pad;
    const { PAGE_SIZE } = this.c;
    const reserve = nd_info_block_reserve(this.c);
    const altmap_base = ALIGN_DOWN(base, this.$init_altmap_align());
    const altmap: vmem_altmap | null =
      sb.mode === 'ram'
        ? null
        : {
            base_pfn: altmap_base / PAGE_SIZE,
            reserve: (reserve + base - altmap_base) / PAGE_SIZE,
            free: (sb.dataoff - reserve) / PAGE_SIZE,
            align: 0,
            alloc: 0,
          };
    const nid = yield* R('nd_region', yield* R('nd_pfn', nd_pfn, 'region'), 'nid');
    const length = size - sb.start_pad - sb.end_trunc;
    return { rc: 0, pgmap: yield* this.$alloc_dev_pagemap(type, base, length, nid, altmap) };
  },
};

export const v5_3 = {
  $init_altmap_align(this: Kernel): number {
    return SUBSECTION_SIZE;
  },

  /** No padding: a start that is not aligned to a sub-section is refused; an end is cut to the alignment. */
  *$pfn_layout(this: Kernel, nd_pfn: number): Steps<Layout | number> {
    const { start, size } = yield* this.$namespace_range(yield* R('nd_pfn', nd_pfn, 'ndns'));
    const mode = yield* R('nd_pfn', nd_pfn, 'mode');
    const rounding = Math.max(yield* R('nd_pfn', nd_pfn, 'align'), SUBSECTION_SIZE);
    const misaligned = yield* this.$pfn_start_misaligned(nd_pfn, start);
    if (misaligned) return misaligned;
    const end_trunc = start + size - ALIGN_DOWN(start + size, rounding);
    const npfns = Math.floor((size - SZ_8K) / this.c.PAGE_SIZE);
    const memmap = mode === 'pmem' ? SIZEOF_STRUCT_PAGE * npfns : 0;
    const dataoff = ALIGN(start + SZ_8K + memmap, rounding) - start;
    if (mode === 'none') return -this.errno.ENXIO;
    if (dataoff >= size || this.$pfn_too_small({ dataoff, end_trunc }, size))
      return yield* this.$no_such_alignment(nd_pfn);
    return {
      dataoff,
      start_pad: 0,
      end_trunc,
      npfns: Math.floor((size - dataoff - end_trunc) / this.c.PAGE_SIZE),
    };
  },

  /** Checked from v5.7 on. */
  *$pfn_start_misaligned(this: Kernel, _nd_pfn: number, _start: number): Steps<number> {
    return 0;
  },
};

export const v5_4 = {
  $pfn_sb_pages(this: Kernel): Pick<nd_pfn_sb, 'page_size'> {
    return { page_size: this.c.PAGE_SIZE };
  },

  /** Struct pages of larger pages are too few. */
  $pfn_other_pages(this: Kernel, sb: nd_pfn_sb): string | null {
    const larger = (sb.page_size ?? 0) > this.c.PAGE_SIZE;
    return larger && sb.mode === 'pmem' ? `init failed, page size mismatch ${sb.page_size}` : null;
  },
};

export const v5_7 = {
  *$pfn_start_misaligned(this: Kernel, nd_pfn: number, start: number): Steps<number> {
    if (IS_ALIGNED(start, SUBSECTION_SIZE)) return 0;
    const name = yield* this.$namespace_name(yield* R('nd_pfn', nd_pfn, 'ndns'));
    const dev = yield* this.$pfn_dev_name(nd_pfn);
    yield* pr_err(`${dev}: ${name}: start ${hex(start)} misaligned to ${hex(SUBSECTION_SIZE)}`);
    return -this.errno.EINVAL;
  },

  $pfn_edges_error(this: Kernel, start: number, end: number): string | null {
    if (!IS_ALIGNED(start, SUBSECTION_SIZE)) return 'resource start misaligned';
    return IS_ALIGNED(end, SUBSECTION_SIZE) ? null : 'resource end misaligned';
  },
};

export const v6_6 = {
  $pfn_too_small(
    this: Kernel,
    { dataoff, end_trunc }: Pick<Layout, 'dataoff' | 'end_trunc'>,
    size: number,
  ): boolean {
    return dataoff >= size - end_trunc;
  },
};
