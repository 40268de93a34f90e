import { rangeOf } from '../../scenarios/steps/common/values.ts';
import { KPAGEFLAGS_UNIT, readKpageflags } from '../snapshot/kpageflags.ts';
import { crashing } from './crashing.ts';
import { errnoOf } from './errno.ts';
import type { Performer, RecordedOp, Run } from './performer.ts';

/** Kernel functions, called through QEMU's gdb stub. */

async function call(run: Run, op: RecordedOp, args: readonly (bigint | string)[]): Promise<RecordedOp> {
  return crashing(op, async () => {
    const ret = await run.guest.call(op.op, args, run.timeout);
    // int functions leave the upper half of the register as it is
    return { ...op, errno: errnoOf(BigInt.asIntN(32, ret)) };
  });
}

/** From v5.15 on these functions have no node. */
const withoutNode = ({ guest }: Run): boolean => {
  const [major = 0, minor = 0] = (guest.kernel.release ?? guest.info.text('OSRELEASE') ?? '')
    .split('.')
    .map(Number);
  return major > 5 || (major === 5 && minor >= 15);
};

export const add: Performer<'add'> = {
  options: () => ['MEMORY_HOTPLUG'],
  async *perform(run, { node, flags, ...range }) {
    const [start, size] = rangeOf(range);
    const args = [BigInt(node), BigInt(start), BigInt(size), BigInt(flags)];
    yield await call(run, { op: 'add_memory', nid: node, start, size, flags }, args);
  },
};

/** The name that conform gives to resources of add_memory_driver_managed(). */
const RESOURCE = 'System RAM (ohp)';

export const addDriverManaged: Performer<'add_driver_managed'> = {
  options: () => ['MEMORY_HOTPLUG'],
  refuses: () => 'the kernel keeps the address of the name, which a call cannot give it',
  async *perform(run, { node, flags, ...range }) {
    const [start, size] = rangeOf(range);
    const args = [BigInt(node), BigInt(start), BigInt(size), RESOURCE, BigInt(flags)];
    yield await call(run, { op: 'add_memory_driver_managed', nid: node, start, size, flags }, args);
  },
};

const removal = (
  op: 'remove_memory' | 'offline_and_remove_memory',
): Performer<'remove' | 'offline_and_remove'> => ({
  options: () => ['MEMORY_HOTREMOVE'],
  async *perform(run, step) {
    const [start, size] = rangeOf(step);
    const args = [BigInt(start), BigInt(size)];
    yield await call(run, { op, start, size }, withoutNode(run) ? args : [0n, ...args]);
  },
});

export const remove = removal('remove_memory');
export const offlineAndRemove = removal('offline_and_remove_memory');

/** /proc/kpageflags: Documentation/admin-guide/mm/pagemap.rst. */
const KPF_BUDDY = 1n << 10n;
const KPF_NOPAGE = 1n << 20n;
/** So many free pieces are tried. */
const TRIES = 5;
/** MIGRATE_MOVABLE, and ACR_FLAGS_NONE of releases that take flags in its place. */
const [MIGRATE_MOVABLE, GFP_KERNEL] = [1n, 0xcc0n];

/**
 * The first pages of pageblocks that may be wholly free, so that taking one moves nothing, and then those of other free
 * pieces. A free piece of the buddy allocator shows only its first page, the others have no flag, and neither have some
 * pages in use.
 */
async function freePages(run: Run, start: number, size: number, page: number): Promise<readonly number[]> {
  const pageblock = 2 ** Number(run.guest.info.number('NUMBER(pageblock_order)') ?? 9n);
  const [first, end] = [Math.ceil(start / page), Math.floor((start + size) / page)];
  const from = Math.floor(first / KPAGEFLAGS_UNIT) * KPAGEFLAGS_UNIT;
  const runs = await readKpageflags(
    run.guest,
    [[from, Math.ceil(end / KPAGEFLAGS_UNIT) * KPAGEFLAGS_UNIT]],
    run.timeout,
  );
  const found: number[] = [];
  for (let block = Math.ceil(first / pageblock) * pageblock; block + pageblock <= end; block += pageblock) {
    const inside = runs.filter((one) => one.pfn < block + pageblock && block < one.pfn + one.count);
    const starts = inside.some((one) => one.pfn <= block && one.word & KPF_BUDDY);
    const taken = inside.some((one) => (one.word & ~KPF_BUDDY) !== 0n || one.word & KPF_NOPAGE);
    if (starts && !taken) found.push(block);
  }
  const pieces = runs.filter(({ pfn, word }) => word & KPF_BUDDY && pfn >= first && pfn < end);
  return [...new Set([...found, ...pieces.map(({ pfn }) => pfn)])];
}

/** The zone of a block, from valid_zones; null if it is of another node. */
async function zoneOf({ guest }: Run, start: number, node: number): Promise<string | null> {
  const at = '/sys/devices/system/memory';
  const { status, out } = await guest.run(
    `cd ${at}/memory$((${start} / 0x$(cat ${at}/block_size_bytes))) && [ -e node${node} ] && cat valid_zones`,
    20,
  );
  return status === 0 ? out.toString().trim() : null;
}

/** Takes pages from the allocator. Returns the errno, null for success. */
async function take(run: Run, pfn: number, count: number): Promise<string | null> {
  const name = run.guest.symbols.has('alloc_contig_range_noprof')
    ? 'alloc_contig_range_noprof'
    : 'alloc_contig_range';
  const args = [BigInt(pfn), BigInt(pfn + count), MIGRATE_MOVABLE, GFP_KERNEL];
  const errno = errnoOf(BigInt.asIntN(32, await run.guest.call(name, args, run.timeout)));
  if (errno === null) run.pins.push({ pfn: BigInt(pfn), count: BigInt(count) });
  return errno;
}

/** Takes all pages of a range that lies in one zone. */
export async function takePages(run: Run, node: number, start: number, size: number): Promise<RecordedOp> {
  const op = { op: 'pin', nid: node, start, size };
  const page = Number(run.guest.info.number('PAGESIZE') ?? 4096n);
  const [first, end] = [Math.floor(start / page), Math.ceil((start + size) / page)];
  const errno = await take(run, first, end - first);
  return { ...op, errno, page: errno === null ? first : null };
}

export const pin: Performer<'pin'> = {
  options: () => ['CONTIG_ALLOC', 'PROC_PAGE_MONITOR'],
  async *perform(run, { node, ...range }) {
    const [start, size] = rangeOf(range);
    const page = Number(run.guest.info.number('PAGESIZE') ?? 4096n);
    const zone = await zoneOf(run, start, node);
    if (zone === null) {
      yield { op: 'pin', nid: node, start, size, errno: 'ENOMEM', page: null };
      return;
    }
    if (zone === 'Movable') {
      yield { op: 'observe', text: 'no pin: what is in ZONE_MOVABLE cannot be pinned' };
      return;
    }
    const candidates = await freePages(run, start, size, page);
    for (const pfn of candidates.slice(0, TRIES)) {
      if ((await take(run, pfn, 1)) !== null) continue;
      yield { op: 'pin', nid: node, start, size, errno: null, page: pfn };
      return;
    }
    yield { op: 'observe', text: 'no pin: no page of the range is free' };
  },
};

export const unpin: Performer<'unpin'> = {
  options: () => ['CONTIG_ALLOC'],
  async *perform(run) {
    const count = run.pins.length;
    for (let last = run.pins.pop(); last; last = run.pins.pop())
      await run.guest.call('free_contig_range', [last.pfn, last.count], run.timeout);
    yield { op: 'unpin', count };
  },
};
