import type { AskedMachine } from '../../src/answers/machine.ts';
import { placeRecorded } from '../../src/answers/pages/place-recorded.ts';
import { planAdd } from '../../src/answers/plan/add.ts';
import { boot } from '../../src/boot/boot.ts';
import { isRefused } from '../../src/conform/replay-recording.ts';
import { machineOf } from '../../src/machines/read.ts';
import type { Op } from '../../src/machines/recording/ops.ts';
import type { Recording, RecordingStep } from '../../src/machines/recording/recording.ts';
import { parseX86Leaves } from '../../src/machines/recording/x86-leaves.ts';
import { nearestRelease } from '../../src/releases/index.ts';
import { Session } from '../../src/scenarios/running/session.ts';

/** What `mhp plan add` says of costs, beside what the recorded kernels took. */

/** Bytes; null for what was not recorded. */
export interface Cost {
  readonly step: string;
  readonly size: number;
  readonly page_size: number;
  readonly memmap: { readonly predicted: number; readonly recorded: number | null };
  readonly tables: { readonly predicted: number; readonly recorded: number | null };
  /** What must be free before, and by how much MemFree fell; null if the new memory went online in the step. */
  readonly free: { readonly predicted: number; readonly recorded: number | null };
  /** Free pages on the lists of the CPUs, which MemFree leaves out: bytes, after less before. */
  readonly lists: number;
  /** What programs and the kernel took besides, as /proc/meminfo counts it: bytes, after less before. */
  readonly others: number;
}

const number = (text: string | undefined, name: RegExp): number | null => {
  const found = name.exec(text ?? '')?.[1];
  return found === undefined ? null : Number(found);
};
const meminfo = (step: RecordingStep, name: string): number | null => {
  const kib = number(step.tree.readText('proc/meminfo'), new RegExp(`^${name}: +(\\d+) kB$`, 'm'));
  return kib === null ? null : kib * 1024;
};
const memFree = (step: RecordingStep): number | null => meminfo(step, 'MemFree');

/** Bytes on the lists of the CPUs, of all zones. */
const onLists = (step: RecordingStep, pageSize: number): number =>
  [...(step.tree.readText('proc/zoneinfo') ?? '').matchAll(/^ +count: +(\d+)$/gm)].reduce(
    (sum, [, pages]) => sum + Number(pages) * pageSize,
    0,
  );

/** Counters of /proc/meminfo that do not overlap. */
const TAKEN = [
  'Cached',
  'Buffers',
  'AnonPages',
  'KernelStack',
  'Slab',
  'PageTables',
  'SecPageTables',
  'Percpu',
];
const taken = (step: RecordingStep): number =>
  TAKEN.reduce((sum, name) => sum + (meminfo(step, name) ?? 0), 0);

interface Mapped {
  readonly tables: number;
  readonly memmap: number;
}

/** Table pages of the linear map and the memmap, and bytes of the memmap; null without a dump. */
function mapped(step: RecordingStep, recording: Recording, pageSize: number): Mapped | null {
  const { tables } = machineOf(
    { tree: step.tree, recorded: { ops: recording.ops, top: recording.tree } },
    recording.source,
  );
  if (tables) {
    const pages = [tables.linear, tables.vmemmap].flatMap((one) => Object.values(one.table_pages));
    const memmap = tables.vmemmap.leaves.reduce((sum, { size }) => sum + size, 0);
    return { tables: pages.reduce((sum, n) => sum + n, 0) * pageSize, memmap };
  }
  const dump = (name: string) => {
    const text = step.tree.readText(`kernel/${name}-pagetable.txt`);
    return text === undefined ? null : parseX86Leaves(text, recording.source, name);
  };
  const [linear, vmemmap] = [dump('directmap'), dump('vmemmap')];
  if (!linear || !vmemmap) return null;
  // a table is where a leaf smaller than what its entry could map lies
  const found = new Set<string>();
  for (const { va, n, leaf_size } of [...linear, ...vmemmap])
    for (const unit of [2 ** 21, 2 ** 30, 2 ** 39])
      if (leaf_size < unit)
        for (let at = Math.floor(va / unit); at * unit < va + n * leaf_size; at++) found.add(`${unit} ${at}`);
  const memmap = vmemmap.reduce((sum, { n, leaf_size }) => sum + n * leaf_size, 0);
  return { tables: found.size * 4096, memmap };
}

/** Steps that do nothing but add memory, and do it. */
export function costsOf(recording: Recording): Cost[] {
  const release = nearestRelease(recording.ops.kernel)!;
  const found: Cost[] = [];
  for (const [i, step] of recording.steps.entries()) {
    const before = recording.steps[i - 1];
    const adds = step.ops.filter((one): one is Op => one.op !== 'observe' && one.op !== 'unread');
    const [op] = adds;
    if (!before || adds.length !== 1 || !op || isRefused(op)) continue;
    if (op.op !== 'add_memory' && !(op.op === 'device_add' && op.kind === 'dimm')) continue;
    const start = op.op === 'add_memory' ? op.start : op.addr;
    const node = op.op === 'add_memory' ? op.nid : op.node;
    if (start === null || before.tree.list('sys') === undefined || step.tree.list('sys') === undefined)
      continue;
    const recorded = { ops: recording.ops, top: recording.tree };
    const machine = machineOf({ tree: before.tree, recorded }, recording.source);
    const session = new Session(boot(machine, release));
    placeRecorded(session, before.tree);
    const asked: AskedMachine = {
      machine,
      release,
      session,
      tree: before.tree,
      pages: null,
      no_pages: null,
      notes: [],
    };
    const request = { size: op.size, start, kind: 'dimm', node, policy: undefined, host: undefined } as const;
    const { costs } = planAdd(asked, request);
    if (!costs) continue;
    const page = machine.page_size;
    const [was, is] = [mapped(before, recording, page), mapped(step, recording, page)];
    const [freeBefore, freeAfter] = [memFree(before), memFree(step)];
    const after = machineOf({ tree: step.tree, recorded }, recording.source);
    const block = after.block_size ?? 1;
    const online = after.blocks?.some(
      ({ id, state }) => state === 'online' && id * block >= start && id * block < start + op.size,
    );
    found.push({
      step: step.dir,
      size: op.size,
      page_size: page,
      memmap: { predicted: costs.memmap, recorded: was && is && is.memmap - was.memmap },
      tables: { predicted: costs.page_tables, recorded: was && is && is.tables - was.tables },
      free: {
        predicted: costs.needed,
        recorded: freeBefore === null || freeAfter === null || online ? null : freeBefore - freeAfter,
      },
      lists: onLists(step, page) - onLists(before, page),
      others: taken(step) - taken(before),
    });
  }
  return found;
}
