import type { Steps } from '../../../steps/step.ts';
import type { Config } from '../../config.ts';
import type { Kernel } from '../../kernel.ts';
import { R } from '../../ops.ts';
import { NUMA_NO_NODE, type State } from '../../state.ts';

/** hugepages-*kB, below a node and below /sys/kernel/mm/hugepages. */

const counters = ['free_hugepages', 'nr_hugepages', 'surplus_hugepages'] as const;
type Counter = (typeof counters)[number];
const field = (name: Counter) =>
  name === 'nr_hugepages'
    ? 'nr_huge_pages'
    : name === 'free_hugepages'
      ? 'free_huge_pages'
      : 'surplus_huge_pages';

/** The files of a size; the files that exist only in /sys/kernel/mm/hugepages are listed for node -1. */
export const hstate_attributes = (k: Kernel, order: number, nid: number): readonly string[] => [
  ...k.$demote_attributes(order),
  ...(nid >= 0 ? counters : ['free_hugepages', 'nr_hugepages', 'resv_hugepages', 'surplus_hugepages']),
];

export const hstate_names = (c: Config): string[] =>
  c.huge_page_orders.map((order) => `hugepages-${(2 ** order * c.PAGE_SIZE) / 1024}kB`).sort();

/** The order of the pages for which a directory is named, or -1. */
export const hstate_order = (c: Config, name: string): number =>
  c.huge_page_orders.find((order) => name === `hugepages-${(2 ** order * c.PAGE_SIZE) / 1024}kB`) ?? -1;

const ULONG_MAX = 2n ** 64n - 1n;

export const v5_2 = {
  *$hstate_show(this: Kernel, order: number, nid: number, name: string): Steps<string> {
    if (name === 'resv_hugepages') return `${yield* R('hstate', order, 'resv_huge_pages')}\n`;
    if (name === 'demote') return '';
    if (name === 'demote_size')
      return `${(2 ** (yield* R('hstate', order, 'demote_order')) * this.c.PAGE_SIZE) / 1024}kB\n`;
    const counter = field(name as Counter);
    if (nid === NUMA_NO_NODE) return `${yield* R('hstate', order, counter)}\n`;
    return `${(yield* R('hstate', order, `${counter}_node`))[nid] ?? 0}\n`;
  },

  *nr_hugepages_store(this: Kernel, order: number, nid: number, buf: string): Steps<number> {
    // kstrtoul
    const digits = /^\+?(\d+)\n?$/.exec(buf)?.[1];
    if (digits === undefined) return -this.errno.EINVAL;
    if (BigInt(digits) > ULONG_MAX) return -this.errno.ERANGE;
    return yield* this.__nr_hugepages_store_common(order, nid, Math.min(Number(digits), 2 ** 52));
  },

  /**
   * The directories are added and removed with the memory of a node (hugetlb_register_node from the memory notifier).
   */
  $node_has_hugepages(this: Kernel, state: State, nid: number): boolean {
    return state.pgdat.get(nid)?.n_memory ?? false;
  },

  /** The log message for hugepages= after such a size. */
  $hugepages_ignored(this: Kernel, value: string): string {
    return `hugepages = ${value} preceded by an unsupported hugepagesz, ignoring`;
  },

  /** demote and demote_size, since v5.16. */
  $demote_attributes(this: Kernel, _order: number): readonly string[] {
    return [];
  },

  /** The log message for a second hugepages= for the same size. */
  $hugepages_twice(this: Kernel, _value: string): string {
    return 'hugepages= specified twice without interleaving hugepagesz=, ignoring';
  },

  /** hugepages=NODE:N, since v5.16. */
  $hugepages_by_node(this: Kernel): boolean {
    return false;
  },

  /** Whether memory of another node may not replace that of the node that hugepages= names. */
  $hugepages_node_exact(this: Kernel): boolean {
    return false;
  },

  /** The log message for a size that the processor does not support. */
  $unsupported_hugepagesz(this: Kernel, size: number): string {
    return this.c.arch === 'arm64'
      ? `hugepagesz: Unsupported page size ${Math.floor(size / 1024)} K`
      : `hugepagesz: Unsupported page size ${Math.floor(size / 2 ** 20)} M`;
  },
};

export const v5_8 = {
  $hugepages_ignored(this: Kernel, value: string): string {
    return `HugeTLB: hugepages=${value} does not follow a valid hugepagesz, ignoring`;
  },

  $hugepages_twice(this: Kernel, value: string): string {
    return `HugeTLB: hugepages= specified twice without interleaving hugepagesz=, ignoring hugepages=${value}`;
  },

  $unsupported_hugepagesz(this: Kernel, size: number): string {
    const unit = size % 2 ** 30 === 0 ? 30 : size % 2 ** 20 === 0 ? 20 : 10;
    return `HugeTLB: unsupported hugepagesz=${Math.floor(size / 2 ** unit)}${'KMG'[unit / 10 - 1]}`;
  },
};

export const v6_1 = {
  $hugepages_by_node(this: Kernel): boolean {
    return true;
  },

  /** With the node itself (b958d4d08fbf). */
  $node_has_hugepages(this: Kernel, state: State, nid: number): boolean {
    return state.pgdat.get(nid)?.registered ?? false;
  },
};

export const v6_14 = {
  /** memblock_alloc_exact_nid_raw(). */
  $hugepages_node_exact(this: Kernel): boolean {
    return true;
  },
};
