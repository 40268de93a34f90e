import type { Model } from '../../boot/boot.ts';
import { SUBSECTION_SIZE } from '../../kernel/config.ts';
import { kernel_page_tables } from '../../kernel/fs/kernel_page_tables.ts';
import { type Entry, lookup, store } from '../../kernel/fs/sysfs.ts';
import { NotModelled } from '../../kernel/kernel/runtime.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { mem_hotplug_begin, mem_hotplug_done } from '../../kernel/locks.ts';
import { NO_PAGE, page_nid, page_use, page_zonenum, USE } from '../../kernel/mm/page.ts';
import { add_zone_device } from '../../kernel/mm/zone_device.ts';
import { PROTECTED } from '../../kernel/protected.ts';
import type { State } from '../../kernel/state.ts';
import { type Event, type Outcome, Runner } from '../../schedule/run.ts';
import { errno_name } from '../../steps/errno.ts';
import type { Steps } from '../../steps/step.ts';
import { type ConsumerName, consumers } from '../reserved/consumers.ts';
import {
  account_hugepages,
  cuts_hugepage,
  has_hugepages,
  map_hugepages,
  unmap_hugepages,
  with_same_size,
} from './hugepages.ts';

/** What one operation came to. */
export interface Result {
  /** The kernel's return value; null when it did not return (a BUG, a deadlock). */
  readonly ret: number | null;
  /** Name of the errno, null for success. */
  readonly errno: string | null;
  readonly ended: Outcome<unknown>['ended'];
  readonly events: readonly Event[];
  /** Status codes the firmware was told, for device_add and device_del. */
  readonly ost?: readonly number[];
  /** The device has gone (device_del). */
  readonly deleted?: boolean;
  readonly steps: number;
  /** Loops that the kernel would never have left without a signal. */
  readonly signalled: readonly string[];
}

/** An operation that cannot be done as asked: not a refusal of the kernel, but of the scenario. */
export class BadOperation extends Error {
  override readonly name = 'BadOperation';
}

/** Files whose absence is an answer: open() fails. */
const COMES_AND_GOES =
  /^\/sys\/(devices\/system\/memory\/memory\d+\/(state|online)|(devices\/system\/node\/node\d+|kernel\/mm)\/hugepages\/hugepages-\d+kB\/nr_hugepages)$/;

/** Bytes that a Hyper-V host announces at least. */
const HA_CHUNK = 2 ** 27;

interface Device {
  readonly slot: number;
}

/**
 * A machine being operated: every operation runs the kernel's code straight through. Once the kernel has hit a BUG
 * its locks stay as they were; later operations run on, as they would on other CPUs of a machine in that state.
 */
export class Session {
  readonly kernel: Kernel;
  readonly state: State;
  readonly #devices = new Map<string, Device>();
  readonly #pinned: number[] = [];
  /** What others do while the kernel waits for them for ever; true when they have done something. */
  meanwhile: (() => boolean) | undefined;
  #runner: Runner;

  constructor(model: Model) {
    this.kernel = model.kernel;
    this.state = model.state;
    this.#runner = new Runner(this.state, PROTECTED);
  }

  #run(thread: Steps<number>): Result {
    const outcome = this.#modelled(thread);
    if (outcome.ended !== 'returned') this.#runner = new Runner(this.state, PROTECTED);
    const ret = outcome.value ?? null;
    return {
      ret,
      errno: ret === null ? null : errno_name(ret),
      ended: outcome.ended,
      events: outcome.events,
      steps: outcome.steps,
      signalled: outcome.signalled,
    };
  }

  #modelled(thread: Steps<number>): Outcome<number> {
    try {
      return this.#runner.run(thread, this.meanwhile);
    } catch (error) {
      if (!(error instanceof NotModelled)) throw error;
      this.#runner = new Runner(this.state, PROTECTED);
      throw new BadOperation(`not modelled: ${error.message}`);
    }
  }

  /** A call into the kernel that has no method of its own. */
  call(thread: Steps<number>): Result {
    return this.#run(thread);
  }

  read(path: string): Entry | null {
    return lookup(this.state, this.kernel, path);
  }

  /** The lines of debugfs kernel_page_tables, as far as it is modelled; null where it is not. */
  page_tables(): Iterable<string> | null {
    return this.state.mmu ? kernel_page_tables(this.state, this.kernel) : null;
  }

  /** @throws BadOperation for a path that is not modelled or not there */
  write(path: string, value: string): Result {
    const thread = store(this.state, this.kernel, path, value);
    if (thread === null && COMES_AND_GOES.test(path)) {
      return this.#done(-this.kernel.errno.ENOENT);
    }
    if (thread === null) throw new BadOperation(`${path}: no such file in the modelled kernel`);
    if (thread === 'denied') return this.#done(-this.kernel.errno.EACCES);
    return this.#run(thread);
  }

  /** @throws BadOperation before v5.10 for a node that the machine does not have */
  add_memory(nid: number, start: number, size: number, flags = 0): Result {
    return this.#run(this.kernel.add_memory(nid, start, size, flags));
  }

  /** @throws BadOperation before v5.8, which had no such function */
  add_memory_driver_managed(nid: number, start: number, size: number, name: string, flags = 0): Result {
    this.#need('add_memory_driver_managed');
    return this.#run(this.kernel.add_memory_driver_managed(nid, start, size, name, flags));
  }

  remove_memory(start: number, size: number): Result {
    return this.#run(this.kernel.remove_memory(start, size));
  }

  /** @throws BadOperation before v5.8, which had no such function */
  offline_and_remove_memory(start: number, size: number): Result {
    this.#need('offline_and_remove_memory');
    return this.#run(this.kernel.offline_and_remove_memory(start, size));
  }

  #need(name: keyof Kernel): void {
    if (!(name in this.kernel)) throw new BadOperation(`${this.kernel.release} has no ${name}`);
  }

  /**
   * A DIMM is plugged and the firmware says so. The slot is the lowest free one. -EINVAL when the driver does not bind,
   * whatever the firmware is told. The machine monitor, not the kernel, refuses an id in use (-EEXIST).
   * @throws BadOperation before v5.10 for a node that the machine does not have
   */
  device_add(id: string, start: number, length: number, node: number): Result {
    if (this.#devices.has(id)) return this.#done(-this.kernel.errno.EEXIST);
    let slot = 0;
    while (this.state.acpi_device.has(slot)) slot++;
    const name = `PNP0C80:${slot.toString(16).padStart(2, '0')}`;
    this.state.acpi_device.set(slot, {
      name,
      start,
      length,
      node,
      mgid: -1,
      attached: false,
      enabled: false,
      physical_node_list: [],
    });
    this.#devices.set(id, { slot });
    const result = this.#firmware((codes) => ignore_codes(this.kernel.acpi_device_check(slot), codes));
    // the firmware is told success all the same; whether memory came of it shows in the driver
    const bound = this.state.acpi_device.get(slot)!.attached;
    return result.ended === 'returned' && !bound ? this.#refused(result, this.kernel.errno.EINVAL) : result;
  }

  #refused(result: Result, errno: number): Result {
    return { ...result, ret: -errno, errno: errno_name(-errno) };
  }

  /**
   * The firmware asks for the device back; it is gone when the last status is success, else -EBUSY. The machine monitor
   * refuses an id it does not know (-ENODEV).
   */
  device_del(id: string): Result {
    const device = this.#devices.get(id);
    if (!device) return this.#done(-this.kernel.errno.ENODEV);
    const result = this.#firmware((codes) =>
      ignore_codes(this.kernel.acpi_eject_request(device.slot), codes),
    );
    const deleted = result.ost?.at(-1) === 0;
    if (deleted) {
      this.state.acpi_device.delete(device.slot);
      this.#devices.delete(id);
    }
    if (result.ended === 'returned' && !deleted) {
      return { ...this.#refused(result, this.kernel.errno.EBUSY), deleted };
    }
    return { ...result, deleted };
  }

  /** Bytes of a plugged device, or null. */
  device_range(id: string): { start: number; size: number } | null {
    const device = this.#devices.get(id);
    const acpi = device && this.state.acpi_device.get(device.slot);
    return acpi ? { start: acpi.start, size: acpi.length } : null;
  }

  #firmware(thread: (codes: number[]) => Steps<number>): Result {
    const codes: number[] = [];
    const result = this.#run(thread(codes));
    return { ...result, ost: codes };
  }

  /** Take the first free page of the node in the range as kernel memory. -ENOMEM when there is none. */
  pin(nid: number, start: number, size: number): Result {
    const { pages } = this.state;
    const { PAGE_SIZE } = this.kernel.c;
    const pfn = pages.first(
      Math.ceil(start / PAGE_SIZE),
      Math.floor((start + size) / PAGE_SIZE),
      (page) => page_use(page) === USE.FREE && page_nid(page) === nid,
    );
    if (pfn < 0) return this.#done(-this.kernel.errno.ENOMEM);
    this.#use(pfn, pfn + 1, USE.UNMOVABLE);
    this.#pinned.push(pfn);
    return this.#done(0);
  }

  /** Give back everything that was pinned; returns how many pages. */
  unpin(): number {
    for (const pfn of this.#pinned) this.#use(pfn, pfn + 1, USE.FREE);
    return this.#pinned.splice(0).length;
  }

  /** A program on this node writes to memory it has just been given: so many bytes of free pages, movable ones first. */
  touch_node(nid: number, size: number): Result {
    const { pages } = this.state;
    const { c } = this.kernel;
    let left = Math.ceil(size / c.PAGE_SIZE);
    const free = [...pages.in(0, Number.MAX_SAFE_INTEGER)].filter(
      ({ value }) => page_use(value) === USE.FREE && page_nid(value) === nid,
    );
    free.sort((a, b) => page_zonenum(b.value) - page_zonenum(a.value) || a.start - b.start);
    for (const run of free) {
      if (left <= 0) break;
      const result = this.touch(run.start * c.PAGE_SIZE, Math.min(left, run.end - run.start) * c.PAGE_SIZE);
      if (result.ended !== 'returned') return result;
      left -= run.end - run.start;
    }
    return this.#done(0);
  }

  /**
   * A program maps huge pages of a node's pool and touches them; -ENOMEM when there are fewer. `heads`: pages at the head
   * of the free list, else those at the lowest addresses.
   */
  map_hugepages(nid: number, size: number, count: number, heads: readonly number[] = []): Result {
    return this.#run(
      map_hugepages(this.kernel, nid, Math.log2(size / this.kernel.c.PAGE_SIZE), count, heads),
    );
  }

  /** Every program that maps huge pages ends; how many pages that frees. */
  unmap_hugepages(): number {
    return new Runner(this.state).run(unmap_hugepages(this.kernel)).value ?? 0;
  }

  /** The kernel clears the pages of a range through its linear map. @throws BadOperation where there are no tables */
  touch(start: number, size: number): Result {
    if (!this.state.mmu) throw new BadOperation(`not modelled: the linear map of ${this.kernel.c.arch}`);
    const { PAGE_SIZE } = this.kernel.c;
    const pfn = Math.floor(start / PAGE_SIZE);
    return this.#run(returning_0(this.kernel.clear_pages(pfn, Math.ceil((start + size) / PAGE_SIZE) - pfn)));
  }

  /** What device memory gets from memremap_pages() on arm64: the linear map and the memmap, under the hotplug lock. */
  arch_add_memory(nid: number, start: number, size: number): Result {
    return this.#run(device_memory(this.kernel, nid, start, size));
  }

  /** A kernel function of one's own choosing. */
  run(thread: Steps<number>): Result {
    return this.#run(thread);
  }

  /** What a user of PG_reserved makes of a page: 1 for yes, 0 for no. @throws BadOperation from v5.12 on */
  consume(name: ConsumerName, pfn: number): Result {
    if (!this.kernel.knows_users_of_PG_reserved())
      throw new BadOperation(`not modelled: ${name}() of ${this.kernel.release}`);
    return this.#run(yes_or_no(consumers[name].ask(this.kernel, pfn)));
  }

  /** Device memory by memremap_pages() alone. @throws BadOperation where the kernel has no ZONE_DEVICE */
  zone_device(nid: number, start: number, size: number, pcm: number): Result {
    const { PAGE_SIZE, ZONE_DEVICE } = this.kernel.c;
    if (ZONE_DEVICE < 0 || !this.state.pgdat.has(nid))
      throw new BadOperation(`node ${nid} has no zone for device memory`);
    if (start % SUBSECTION_SIZE || size % SUBSECTION_SIZE || size === 0)
      throw new BadOperation('zone_device: start and size are multiples of 2M');
    return this.#run(add_zone_device(this.kernel, nid, start / PAGE_SIZE, size / PAGE_SIZE, pcm));
  }

  /** The Hyper-V host announces memory and backs the first part of it. */
  hv_hot_add(nid: number, start: number, size: number, backed: number): Result {
    const { PAGE_SIZE, hypervisor } = this.kernel.c;
    if (hypervisor !== 'hyperv') throw new BadOperation('hv_hot_add: the machine is no guest of Hyper-V');
    if (start % HA_CHUNK || size % HA_CHUNK || backed % PAGE_SIZE || backed > size)
      throw new BadOperation(
        'hv_hot_add: start and size are multiples of 128M, backed pages whole and not more',
      );
    return this.#run(
      this.kernel.hv_mem_hot_add(nid, start / PAGE_SIZE, size / PAGE_SIZE, backed / PAGE_SIZE),
    );
  }

  /** Bytes that a read of /proc/kpageflags gives for a range. @throws BadOperation before v5.7 */
  read_kpageflags(start: number, size: number): Result {
    this.#need('kpageflags_read');
    const { PAGE_SIZE } = this.kernel.c;
    const pfn = Math.floor(start / PAGE_SIZE);
    return this.#run(this.kernel.kpageflags_read(pfn, Math.ceil((start + size) / PAGE_SIZE) - pfn));
  }

  /** Say what the pages of a range are used for. */
  occupy(start: number, size: number, use: number): void {
    const { PAGE_SIZE } = this.kernel.c;
    this.#use(Math.floor(start / PAGE_SIZE), Math.ceil((start + size) / PAGE_SIZE), use);
  }

  #use(start: number, end: number, use: number): void {
    const { c } = this.kernel;
    const huge = use === USE.HUGE_FREE || use === USE.HUGE_USED || has_hugepages(this.state, start, end);
    if (huge && cuts_hugepage(this.state, c, start, end, use))
      throw new BadOperation('use: the range holds part of a huge page');
    this.state.pages.update(start, end, (page) => (page === NO_PAGE ? page : with_same_size(page, use)));
    if (huge) account_hugepages(this.state, c);
  }

  #done(ret: number): Result {
    return { ret, errno: errno_name(ret), ended: 'returned', events: [], steps: 0, signalled: [] };
  }
}

function* no_block(): Steps<number> {
  return 0;
}

/** Without MHP_MEMBLOCK_API: v5.2 makes blocks section by section, later releases elsewhere. */
function* device_memory(kernel: Kernel, nid: number, start: number, size: number): Steps<number> {
  const k = { ...kernel, hotplug_memory_register: no_block };
  yield* mem_hotplug_begin();
  const ret = yield* k.arch_add_memory(nid, start, size, { altmap: null, pgmap: 0 });
  yield* mem_hotplug_done();
  return ret;
}

function* returning_0(thread: Steps<void>): Steps<number> {
  yield* thread;
  return 0;
}

function* yes_or_no(thread: Steps<boolean>): Steps<number> {
  return (yield* thread) ? 1 : 0;
}

/** The codes go to the firmware; the thread itself returns nothing to anybody. */
function* ignore_codes(thread: Steps<readonly number[]>, codes: number[]): Steps<number> {
  codes.push(...(yield* thread));
  return 0;
}
