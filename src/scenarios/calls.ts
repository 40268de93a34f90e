import { release_resource } from '../kernel/kernel/resource.ts';
import { PageOffline, PG_hwpoison, page_nid, page_use, page_zonenum, USE } from '../kernel/mm/page.ts';
import { PCM, type State, zone_key } from '../kernel/state.ts';
import { parseSize } from '../machines/text/size.ts';
import {
  arch_remove,
  memremap,
  memunmap,
  nvdimm,
  nvdimm_move,
  run_tool,
  virtio_mem,
  virtio_mem_request,
} from './device.ts';
import type { ScenarioStep, StepOf } from './format/schema.ts';
import { consumers } from './reserved/consumers.ts';
import { reserve_bootmem } from './reserved/kinds.ts';
import { BadOperation, type Result, type Session } from './running/session.ts';

/** What each kind of scenario step does: the calls it is made of. */

/** A step that is no call of the kernel. */
export const NONE: Result = { ret: 0, errno: null, ended: 'returned', events: [], steps: 0, signalled: [] };

export const bytes = (value: number | string): number => {
  const n = typeof value === 'number' ? value : parseSize(value);
  if (n === undefined || n > 2 ** 52) throw new BadOperation(`${value} is past 2^52`);
  return n;
};

export const hex = (n: number): string => `0x${n.toString(16)}`;

/** Start and size of a range that physical addresses reach. */
function range_of({ start, size }: { start: number | string; size: number | string }): [number, number] {
  const [at, long] = [bytes(start), bytes(size)];
  if (at + long > 2 ** 52) throw new BadOperation(`${hex(at)}+${hex(long)} ends past 2^52`);
  return [at, long];
}

/** First and last block of "40", "memory40", "40..47" */
function block_range(blocks: number | string): readonly [number, number] {
  const [first, last] = String(blocks).replaceAll('memory', '').split('..').map(Number);
  const end = last ?? first!;
  if (end < first! || end - first! > 10_000_000) throw new BadOperation(`${blocks} is no range of blocks`);
  return [first!, end];
}

const uses: Readonly<Record<string, number>> = {
  movable: USE.MOVABLE,
  unmovable: USE.UNMOVABLE,
  free: USE.FREE,
  hugepage: USE.HUGE_USED,
  hugepage_free: USE.HUGE_FREE,
  offline: USE.OFFLINE_NOREF,
  offline_ref: USE.OFFLINE_REF,
};

/** A driver that makes pages PageOffline takes them out of the managed pages, and puts them back. */
function account_offline(state: State, first: number, last: number, offline: boolean): void {
  for (const { start, end, value } of state.pages.in(first, last)) {
    if (PageOffline(value) === offline || page_use(value) === USE.NONE) continue;
    const pages = offline ? start - end : end - start;
    state.zone.get(zone_key(page_nid(value), page_zonenum(value)))!.managed_pages += pages;
    state.vars.get(0)!.totalram_pages += pages;
  }
}

/** Pages can only be used where a block is online. */
function check_online(session: Session, first: number, last: number): void {
  const { c } = session.kernel;
  const per_block = c.memory_block_size_bytes / c.PAGE_SIZE;
  if (last <= first) throw new BadOperation('use: the range holds no page');
  for (let id = Math.floor(first / per_block); id * per_block < last; id++) {
    const block = session.state.memory_block.get(id);
    if (!block || block.offline)
      throw new BadOperation(`use: memory${id} is ${block ? 'offline' : 'not there'}`);
  }
}

function occupy(session: Session, step: StepOf<'use'>): void {
  const [start, size] = range_of(step);
  const { c } = session.kernel;
  const first = Math.floor(start / c.PAGE_SIZE);
  const last = Math.ceil((start + size) / c.PAGE_SIZE);
  check_online(session, first, last);
  if (step.as === 'reserved') {
    reserve_bootmem(session.state, first, last);
    return;
  }
  if (step.as !== 'hwpoison') {
    account_offline(session.state, first, last, step.as === 'offline' || step.as === 'offline_ref');
    session.occupy(start, size, uses[step.as]!);
    return;
  }
  session.state.pages.update(first, last, (page) => page | PG_hwpoison);
  session.state.vars.get(0)!.num_poisoned_pages += last - first;
  for (const [id, block] of session.state.memory_block) {
    const begin = (id * c.memory_block_size_bytes) / c.PAGE_SIZE;
    const end = begin + c.memory_block_size_bytes / c.PAGE_SIZE;
    block.nr_hwpoison += Math.max(0, Math.min(end, last) - Math.max(begin, first));
  }
}

function write_states(session: Session, [first, last]: readonly [number, number], word: string): Calls {
  const path = (id: number): string => `/sys/devices/system/memory/memory${id}/state`;
  function* runs(): Generator<() => Result> {
    for (let id = first; id <= last; id++) yield () => session.write(path(id), word);
  }
  return { text: `echo ${word} > ${path(first)}`, count: last - first + 1, runs: runs() };
}

/** What a step stands for: calls, each to be made in turn, and the first of them as a person would write it. */
export interface Calls {
  readonly text: string;
  readonly count: number;
  readonly runs: Iterable<() => Result>;
}

/** The calls of a step. */
export function calls(session: Session, { kind, step }: ScenarioStep): Calls {
  const call = (text: string, run: () => Result): Calls => ({ text, count: 1, runs: [run] });
  switch (kind) {
    case 'add': {
      const [start, size] = range_of(step);
      return call(`add_memory(${step.node}, ${hex(start)}, ${hex(size)})`, () =>
        session.add_memory(step.node, start, size),
      );
    }
    case 'add_driver_managed': {
      const [start, size] = range_of(step);
      return call(
        `add_memory_driver_managed(${step.node}, ${hex(start)}, ${hex(size)}, "${step.name}")`,
        () => session.add_memory_driver_managed(step.node, start, size, step.name),
      );
    }
    case 'remove': {
      const [start, size] = range_of(step);
      return call(`remove_memory(${hex(start)}, ${hex(size)})`, () => session.remove_memory(start, size));
    }
    case 'offline_and_remove': {
      const [start, size] = range_of(step);
      return call(`offline_and_remove_memory(${hex(start)}, ${hex(size)})`, () =>
        session.offline_and_remove_memory(start, size),
      );
    }
    case 'online':
    case 'online_kernel':
    case 'online_movable':
    case 'offline':
      return write_states(session, block_range(step.blocks), kind);
    case 'device_add': {
      const [start, size] = range_of(step);
      return call(`device_add ${step.id} ${hex(start)} ${hex(size)} node ${step.node}`, () =>
        session.device_add(step.id, start, size, step.node),
      );
    }
    case 'device_del':
      return call(`device_del ${step.id}`, () => session.device_del(step.id));
    case 'write':
      return call(`echo ${step.value.trim()} > ${step.path}`, () => session.write(step.path, step.value));
    case 'arch_add': {
      const [start, size] = range_of(step);
      return call(`arch_add_memory(${step.node}, ${hex(start)}, ${hex(size)})`, () =>
        session.arch_add_memory(step.node, start, size),
      );
    }
    case 'arch_remove': {
      const [start, size] = range_of(step);
      return call(`arch_remove_memory(${hex(start)}, ${hex(size)})`, () =>
        session.call(arch_remove(session.kernel, start, size)),
      );
    }
    case 'touch': {
      const [start, size] = range_of(step);
      return call(`clear the pages of ${hex(start)}+${hex(size)}`, () => session.touch(start, size));
    }
    case 'kpageflags': {
      const [start, size] = range_of(step);
      return call(`read /proc/kpageflags of ${hex(start)}+${hex(size)}`, () =>
        session.read_kpageflags(start, size),
      );
    }
    case 'zone_device': {
      const [start, size] = range_of(step);
      const pcm = step.memtype === 'WB' ? PCM.WB : PCM.UC_MINUS;
      return call(`device memory at ${hex(start)}+${hex(size)}, ${step.memtype}`, () =>
        session.zone_device(step.node, start, size, pcm),
      );
    }
    case 'nvdimm': {
      const [start, size] = range_of(step);
      return call(`region${step.region} at ${hex(start)}+${hex(size)}`, () =>
        nvdimm(session, { ...step, start, size }),
      );
    }
    case 'nvdimm_move': {
      const start = bytes(step.start);
      return call(`region${step.region} lies at ${hex(start)} now`, () =>
        nvdimm_move(session, step.region, start),
      );
    }
    case 'ndctl':
    case 'daxctl':
      return call(`${kind} ${step.run.trim()}`, () => run_tool(session, kind, step.run));
    case 'virtio_mem': {
      const [start, size] = range_of(step);
      return call(`virtio${step.device} at ${hex(start)}+${hex(size)}`, () =>
        virtio_mem(session, { ...step, start, size, block: bytes(step.block) }),
      );
    }
    case 'virtio_mem_request': {
      const size = bytes(step.size);
      return call(`virtio${step.device} is to have ${hex(size)}`, () =>
        virtio_mem_request(session, step.device, size),
      );
    }
    case 'memremap': {
      const [start, size] = range_of(step);
      return call(`memremap_pages(${hex(start)}, ${hex(size)}) as ${step.as}`, () =>
        memremap(session, { ...step, start, size, altmap: bytes(step.altmap) }),
      );
    }
    case 'memunmap': {
      const [start, size] = range_of(step);
      return call(`memunmap_pages(${hex(start)}, ${hex(size)})`, () => memunmap(session, start, size));
    }
    case 'page':
      return call(`the page at ${hex(bytes(step.start))}`, () => NONE);
    case 'hv_hot_add': {
      const [start, size] = range_of(step);
      const backed = bytes(step.backed);
      return call(`hot add ${hex(start)}+${hex(size)}, ${hex(backed)} of it backed`, () =>
        session.hv_hot_add(step.node, start, size, backed),
      );
    }
    case 'consume': {
      const start = bytes(step.start);
      return call(`${step.consumer} of ${hex(start)}: ${consumers[step.consumer].asks}?`, () =>
        session.consume(step.consumer, Math.floor(start / session.kernel.c.PAGE_SIZE)),
      );
    }
    case 'hugepages': {
      const parent = step.node === undefined ? '/sys/kernel/mm' : `/sys/devices/system/node/node${step.node}`;
      const path = `${parent}/hugepages/hugepages-${bytes(step.size) / 1024}kB/nr_hugepages`;
      return call(`echo ${step.count} > ${path}`, () => session.write(path, String(step.count)));
    }
    case 'pin':
      return call(`pin a page of node ${step.node} in ${range_of(step).map(hex).join('+')}`, () =>
        session.pin(step.node, ...range_of(step)),
      );
    case 'unpin':
      return call('unpin', () => {
        session.unpin();
        return NONE;
      });
    case 'use':
      return call(`${range_of(step).map(hex).join('+')} is ${step.as}`, () => {
        occupy(session, step);
        return NONE;
      });
    case 'fail':
      return call(
        `${step.after ? `after ${step.after}, ` : ''}the next ${step.times} ${step.site} fail`,
        () => {
          const vars = session.state.vars.get(0)!;
          vars.fail_alloc = { ...vars.fail_alloc, [step.site]: step.times };
          vars.fail_after = { ...vars.fail_after, [step.site]: step.after };
          return NONE;
        },
      );
    case 'lose_resource':
      return call(`release_resource ${range_of(step).map(hex).join('+')}`, () => {
        const before = session.state.iomem_resource.children.length;
        release_resource.run(session.state, ...range_of(step));
        if (session.state.iomem_resource.children.length === before) {
          throw new BadOperation('lose_resource: /proc/iomem has no such entry');
        }
        return NONE;
      });
    case 'system_state':
      return call(`system_state is ${step.state}`, () => {
        session.state.vars.get(0)!.system_state = step.state;
        return NONE;
      });
    case 'expect':
      return call(`expect ${step.path}`, () => NONE);
  }
}
