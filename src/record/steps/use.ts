import type { StepOf } from '../../scenarios/format/step-schema.ts';
import { rangeOf } from '../../scenarios/steps/common/values.ts';
import { takePages } from './calls.ts';
import type { Performer, RecordedOp, Run } from './performer.ts';

/**
 * Uses of pages. Programs take memory of the node that the range begins on, as much as the range is long; which pages they get
 * is up to the kernel. Pages that cannot be moved are those of the range.
 */

type As = StepOf<'use'>['as'];

const PROGRAM = 'a program cannot put a page to this use';
const REFUSALS: { readonly [K in As]?: string } = {
  pinned: PROGRAM,
  hugepage_free: 'the step hugepages fills a pool',
  offline: PROGRAM,
  offline_ref: PROGRAM,
  hwpoison: 'write to /sys/devices/system/memory/hard_offline_page says it',
  reserved: 'pages are reserved at boot',
};

const M = 2 ** 20;
const MEMORY = '/sys/devices/system/memory';

/** Prints the node of the block at an address. */
const nodeAt = (start: number): string =>
  `ls -d ${MEMORY}/memory$((${start} / 0x$(cat ${MEMORY}/block_size_bytes)))/node* | sed 's/.*node//'`;

async function nodeOf({ guest }: Run, start: number): Promise<number | null> {
  const { status, out } = await guest.run(nodeAt(start), 20);
  return status === 0 && /^\d+$/.test(out.toString().trim()) ? Number(out) : null;
}

interface Taken {
  readonly start: number;
  readonly size: number;
}

/** Takes memory by a file system that `mount` mounts at a place and `fill` fills. */
async function fill(
  run: Run,
  taken: Taken,
  op: { readonly kind: string; readonly node: number; readonly mib: number },
  lines: (at: string) => readonly string[],
): Promise<RecordedOp> {
  const at = `/mnt/use${run.programs.length}`;
  run.programs.push({ at, ...taken });
  const { status } = await run.guest.run([`mkdir -p ${at}`, ...lines(at)].join(' && '), run.timeout + 30);
  return { op: 'use_memory', ...op, mib: status === 0 ? op.mib : null };
}

/** A tmpfs that takes its pages from one node. */
function tmpfs(run: Run, node: number, taken: Taken): Promise<RecordedOp> {
  const mib = Math.ceil(taken.size / M);
  return fill(run, taken, { kind: 'tmpfs', node, mib }, (at) => [
    `mount -t tmpfs -o mpol=bind:${node},size=${mib}M use ${at}`,
    `timeout -s KILL ${run.timeout} dd if=/dev/zero of=${at}/file bs=1M count=${mib}`,
  ]);
}

/** Sizes of huge pages with a kind of use_memory. */
const HUGE = [
  { kind: 'huge1g', page: 2 ** 30 },
  { kind: 'huge2m', page: 2 ** 21 },
] as const;
const GROUP = '/mnt/cgroup';

/** Pages of a node's pool of huge pages, for a file of hugetlbfs that a task of that node alone makes. */
async function hugetlbfs(run: Run, node: number, taken: Taken): Promise<RecordedOp> {
  const { size } = taken;
  for (const { kind, page } of HUGE) {
    const pool = `/sys/devices/system/node/node${node}/hugepages/hugepages-${page / 1024}kB/free_hugepages`;
    if (size % page !== 0 || Number((await run.guest.run(`cat ${pool}`, 20)).out) < size / page) continue;
    const own = `${GROUP}/node${node}`;
    return fill(run, taken, { kind, node, mib: size / M }, (at) => [
      `mkdir -p ${GROUP}`,
      `{ mountpoint -q ${GROUP} || mount -t cgroup2 none ${GROUP}; }`,
      `echo +cpuset > ${GROUP}/cgroup.subtree_control`,
      `mkdir -p ${own}`,
      `echo ${node} > ${own}/cpuset.mems`,
      `mount -t hugetlbfs -o pagesize=${page / M}M use ${at}`,
      `sh -c 'echo $$ > ${own}/cgroup.procs && exec fallocate -l ${size} ${at}/file'`,
    ]);
  }
  return { op: 'observe', text: `no use: node ${node} has not so many free huge pages` };
}

/** Gives back what earlier steps took in the range. */
async function* free(run: Run, { start, size }: Taken): AsyncGenerator<RecordedOp> {
  const inside = (one: Taken): boolean => one.start >= start && one.start + one.size <= start + size;
  if (run.programs.length > 0) {
    if (run.programs.every(inside)) {
      const places = run.programs.map(({ at }) => at).join(' ');
      run.programs.length = 0;
      await run.guest.run(`umount ${places}`, run.timeout);
      yield { op: 'stop_using' };
    } else yield { op: 'observe', text: 'not freed: programs have memory outside the range, too' };
  }
  const page = Number(run.guest.info.number('PAGESIZE') ?? 4096n);
  const last = run.pins.at(-1);
  if (last && inside({ start: Number(last.pfn) * page, size: Number(last.count) * page })) {
    run.pins.pop();
    await run.guest.call('free_contig_range', [last.pfn, last.count], run.timeout);
    yield { op: 'unpin', count: 1 };
  }
}

export const use: Performer<'use'> = {
  options: ({ as }) =>
    as === 'unmovable'
      ? ['CONTIG_ALLOC']
      : as === 'hugepage'
        ? ['HUGETLBFS', 'CPUSETS']
        : as === 'movable'
          ? ['TMPFS']
          : [],
  refuses: ({ as }) => REFUSALS[as] ?? null,
  async *perform(run, { as, ...range }) {
    const [start, size] = rangeOf(range);
    const taken = { start, size };
    const node = as === 'free' ? null : await nodeOf(run, start);
    if (as === 'free') yield* free(run, taken);
    else if (node === null)
      yield { op: 'observe', text: `no use: there is no block at 0x${start.toString(16)}` };
    else if (as === 'unmovable') yield await takePages(run, node, start, size);
    else yield await (as === 'movable' ? tmpfs : hugetlbfs)(run, node, taken);
  },
};
