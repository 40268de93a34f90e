import type { Kernel } from '../kernel/kernel.ts';
import { mem_hotplug_begin, mem_hotplug_done } from '../kernel/locks.ts';
import { NO_PAGE } from '../kernel/mm/page.ts';
import { IORESOURCE_MEM, type State } from '../kernel/state.ts';
import { errno_name } from '../steps/errno.ts';
import type { Steps } from '../steps/step.ts';
import { daxctl } from './nvdimm/daxctl.ts';
import { ndctl } from './nvdimm/ndctl.ts';
import { KernelGone, type ToolResult } from './nvdimm/tool.ts';
import { BadOperation, type Result, type Session } from './running/session.ts';

/** Device memory in scenarios: NVDIMM regions, the tools that configure them, and memremap_pages() alone. */

const LEGACY = 'Persistent Memory (legacy)';

/** A region of an NVDIMM as the firmware describes it, before any namespace. */
export interface Region {
  readonly region: number;
  readonly start: number;
  readonly size: number;
  readonly node: number;
  /** Its label area is initialised: it can be divided. */
  readonly labels: boolean;
  /** Carved out of RAM (memmap=nn!ss): no labels, and struct pages for a raw namespace. */
  readonly carved: boolean;
}

/** @throws BadOperation where something else lies */
function insert(state: State, start: number, size: number, name: string): void {
  const { children } = state.iomem_resource;
  const end = start + size - 1;
  if (children.some((res) => res.start <= end && start <= res.end)) {
    throw new BadOperation(`0x${start.toString(16)}+0x${size.toString(16)} is taken in /proc/iomem`);
  }
  const at = children.findIndex((res) => res.start > end);
  const res = { name, start, end, flags: IORESOURCE_MEM, children: [] };
  children.splice(at < 0 ? children.length : at, 0, res);
}

function need_zone_device({ kernel }: Session): void {
  if (kernel.c.ZONE_DEVICE < 0 || (kernel.c.arch === 'arm64' && kernel.release === 'v5.2')) {
    throw new BadOperation(`${kernel.release} on ${kernel.c.arch} has no ZONE_DEVICE`);
  }
}

function need_region(session: Session, region: number): void {
  if (!session.state.nd_region.has(region)) throw new BadOperation(`there is no region${region}`);
}

export function nvdimm(session: Session, { region, start, size, node, labels, carved }: Region): Result {
  const { state, kernel } = session;
  need_zone_device(session);
  if (state.nd_region.has(region)) throw new BadOperation(`region${region} is there already`);
  if (!state.pgdat.has(node)) throw new BadOperation(`there is no node ${node}`);
  if (size === 0) throw new BadOperation(`region${region} has no size`);
  insert(state, start, size, carved ? LEGACY : 'Persistent Memory');
  function* appear(): Steps<number> {
    yield* kernel.nvdimm_pmem_region_create(region, {
      start,
      size,
      nid: node,
      target_node: node,
      enabled: false,
      nmem: region,
      pagemap: carved,
      label_area: labels && !carved,
      labels: labels && !carved ? [] : null,
      media: [],
      ns_seed: -1,
      next_uuid: 1,
    });
    return yield* kernel.nd_region_probe(region);
  }
  return session.call(appear());
}

/** The next boot finds the region elsewhere, with all that lies on it. */
export function nvdimm_move(session: Session, region: number, start: number): Result {
  const { state, kernel } = session;
  need_region(session, region);
  const nd_region = state.nd_region.get(region)!;
  const gone = session.call(kernel.nd_region_remove(region));
  if (gone.ended !== 'returned') return gone;
  const { children } = state.iomem_resource;
  children.splice(
    children.findIndex((res) => res.start === nd_region.start && res.name.startsWith('Persistent Memory')),
    1,
  );
  insert(state, start, nd_region.size, nd_region.pagemap ? LEGACY : 'Persistent Memory');
  nd_region.start = start;
  const back = session.call(kernel.nd_region_probe(region));
  return { ...back, events: [...gone.events, ...back.events], steps: gone.steps + back.steps };
}

/** The process exits with an errno of a byte. */
const of_tool = (tool: ToolResult): Result => {
  const ret = tool.exit === 0 ? 0 : tool.exit - 256;
  return {
    ret,
    errno: errno_name(ret),
    ended: tool.results.find(({ ended }) => ended !== 'returned')?.ended ?? 'returned',
    events: tool.results.flatMap(({ events }) => events),
    steps: tool.results.reduce((sum, { steps }) => sum + steps, 0),
    signalled: tool.results.flatMap(({ signalled }) => signalled),
  };
};

/** ndctl or daxctl with a command line. */
export function run_tool(session: Session, name: 'ndctl' | 'daxctl', command_line: string): Result {
  need_zone_device(session);
  const argv = command_line.trim().split(/\s+/);
  try {
    return of_tool(name === 'ndctl' ? ndctl(session, argv) : daxctl(session, argv));
  } catch (error) {
    if (!(error instanceof KernelGone)) throw error;
    return error.result;
  }
}

export interface Mapping {
  readonly start: number;
  readonly size: number;
  readonly node: number;
  readonly as: 'fs_dax' | 'generic' | 'private';
  /** Bytes at the start of the range that hold its struct pages. */
  readonly altmap: number;
}

/** memremap_pages() by a driver of its own. */
export function memremap(session: Session, { start, size, node, as, altmap }: Mapping): Result {
  const { kernel, state } = session;
  need_zone_device(session);
  const { PAGE_SIZE } = kernel.c;
  if (size === 0 || start % PAGE_SIZE || size % PAGE_SIZE) throw new BadOperation('memremap: no whole pages');
  if (!state.pgdat.has(node)) throw new BadOperation(`there is no node ${node}`);
  const align = kernel.init_altmap_align();
  const base = Math.floor(start / align) * align;
  function* map(): Steps<number> {
    const own = altmap
      ? {
          base_pfn: base / PAGE_SIZE,
          reserve: (start - base) / PAGE_SIZE,
          free: altmap / PAGE_SIZE,
          align: 0,
          alloc: 0,
        }
      : null;
    return yield* kernel.devm_memremap_pages(yield* kernel.alloc_dev_pagemap(as, start, size, node, own));
  }
  return session.call(map());
}

export function memunmap(session: Session, start: number, size: number): Result {
  const { state, kernel } = session;
  const found = [...state.dev_pagemap].find(([, map]) => map.start === start && map.end === start + size - 1);
  if (!found) throw new BadOperation('memunmap: nothing is mapped there');
  function* unmap(): Steps<number> {
    yield* kernel.devm_memunmap_pages(found![0]);
    return 0;
  }
  return session.call(unmap());
}

/** arch_remove_memory() under the hotplug lock. */
export function* arch_remove(k: Kernel, start: number, size: number): Steps<number> {
  yield* mem_hotplug_begin();
  yield* k.arch_remove_memory(start, size, null);
  yield* mem_hotplug_done();
  return 0;
}

/** What the kernel says of a page, beside whether there is a struct page that can be read. */
export interface PageSays {
  readonly valid: boolean;
  readonly online: boolean;
  readonly memmap: boolean;
}

export function page_says(session: Session, start: number): PageSays {
  const { kernel, state } = session;
  const pfn = Math.floor(start / kernel.c.PAGE_SIZE);
  const ask = (thread: Steps<number>): boolean => session.call(thread).ret === 1;
  return {
    valid: ask(number_of(kernel.pfn_valid(pfn))),
    online: ask(is_online(kernel, pfn)),
    memmap: state.pages.get(pfn) !== NO_PAGE,
  };
}

function* number_of(thread: Steps<boolean>): Steps<number> {
  return (yield* thread) ? 1 : 0;
}

function* is_online(kernel: Kernel, pfn: number): Steps<number> {
  return (yield* kernel.pfn_to_online_page(pfn)) === NO_PAGE ? 0 : 1;
}

export interface VirtioMem {
  readonly device: number;
  readonly start: number;
  readonly size: number;
  readonly block: number;
  readonly node: number;
}

export function virtio_mem(session: Session, { device, start, size, block, node }: VirtioMem): Result {
  const { kernel, state } = session;
  const { virtio_mem_probe }: Partial<Kernel> = kernel;
  if (!virtio_mem_probe)
    throw new BadOperation(`${kernel.release} on ${kernel.c.arch} is built without virtio-mem`);
  if (state.virtio_mem.has(device)) throw new BadOperation(`virtio${device} is there already`);
  if (!state.pgdat.has(node)) throw new BadOperation(`there is no node ${node}`);
  if (!Number.isInteger(Math.log2(block)) || block < kernel.c.PAGE_SIZE || start % block || size % block) {
    throw new BadOperation('virtio_mem: the device block is no power of 2 that divides start and size');
  }
  return session.call(
    kernel.virtio_mem_probe(device, {
      addr: start,
      region_size: size,
      nid: node,
      device_block_size: block,
    }),
  );
}

export function virtio_mem_request(session: Session, device: number, size: number): Result {
  const vm = session.state.virtio_mem.get(device);
  if (!vm) throw new BadOperation(`there is no virtio${device}`);
  if (size > vm.region_size) throw new BadOperation(`virtio${device} has no 0x${size.toString(16)}`);
  // virtio 1.2, 5.15.6: the device sets requested_size to a multiple of block_size
  if (size % vm.device_block_size) {
    const block = vm.device_block_size.toString(16);
    throw new BadOperation(
      `virtio_mem_request: 0x${size.toString(16)} is no multiple of the device block, 0x${block}`,
    );
  }
  return session.call(session.kernel.virtio_mem_request(device, size));
}
