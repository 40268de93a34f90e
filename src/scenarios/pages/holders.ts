import type { Kernel } from '../../kernel/kernel.ts';
import type { Session } from '../running/session.ts';
import { type PageRun, pageRuns } from './page-runs.ts';

/** Pages; `start` and `size` in bytes. */
export interface HeldPages extends Pick<PageRun, 'pfn' | 'nr_pages' | 'kind' | 'zone' | 'owner'> {
  readonly start: number;
  readonly size: number;
}

/** What keeps memory from going offline. */
export interface Holder {
  /** The memory block. */
  readonly block: number;
  /** The pages; null if it is not pages. */
  readonly pages: HeldPages | null;
  /** The kernel function that finds it; null where none is named. */
  readonly function: string | null;
  readonly why: string;
}

const MIGRATES_NOWHERE = 'no free page elsewhere takes it';

/** Why pages of a kind stay where they are; undefined if they do not. */
function whyOf(run: PageRun, k: Kernel, room: boolean): string | undefined {
  switch (run.kind) {
    case 'kernel':
    case 'page table':
    case 'memmap':
      return run.flags.includes('self_hosted')
        ? undefined
        : 'has_unmovable_pages(): the kernel itself uses it';
    case 'reserved':
    case 'hole':
      return k.c.MEMORY_HOTREMOVE
        ? 'not all of the block is System RAM that the buddy allocator has'
        : undefined;
    case 'pinned':
      return 'migrate_pages() fails: it has other references than its mappings, such as a pin';
    case 'isolated':
      return 'on no LRU list: who has isolated it has not put it back';
    case 'PageOffline':
      return run.flags.includes('referenced')
        ? 'its driver keeps a reference in MEM_GOING_OFFLINE'
        : undefined;
    case 'hugetlb':
      if (run.flags.includes('in_use'))
        return 'a huge page in use moves only to a free huge page or to free memory';
      return 'a free huge page is dissolved only if the pool can spare it';
    case 'movable':
      return room ? undefined : `migrate_pages() fails: ${MIGRATES_NOWHERE}`;
    default:
      return undefined;
  }
}

/** The kernel function that finds pages of a kind, where one does. */
const FUNCTIONS: { readonly [K in PageRun['kind']]?: string } = {
  kernel: 'has_unmovable_pages',
  'page table': 'has_unmovable_pages',
  memmap: 'has_unmovable_pages',
  pinned: 'migrate_pages',
  movable: 'migrate_pages',
};

/** What keeps a memory block from going offline, the most decisive first. */
function holdersOf(session: Session, block: number): Holder[] {
  const { state, kernel } = session;
  const { c } = kernel;
  const nrPages = c.memory_block_size_bytes / c.PAGE_SIZE;
  const runs = [...pageRuns(state, kernel, block * nrPages, (block + 1) * nrPages)];
  const free = runs.filter(({ kind }) => kind === 'free');
  const nowhere = runs.some(({ kind }) => kind === 'movable') && !hasRoom(session, block, nrPages);
  const found = runs.flatMap((run): Holder[] => {
    const why = whyOf(run, kernel, !nowhere);
    if (why === undefined) return [];
    const { pfn, nr_pages: pages, kind, zone, owner } = run;
    const bytes = { start: pfn * c.PAGE_SIZE, size: pages * c.PAGE_SIZE };
    const held = { pfn, nr_pages: pages, kind, zone, owner, ...bytes };
    return [{ block, pages: held, function: FUNCTIONS[kind] ?? null, why }];
  });
  const decisive = found.filter(({ pages }) => pages!.kind !== 'hugetlb' && pages!.kind !== 'movable');
  const armed = state.vars.get(0)!.notifier_error.MEM_GOING_OFFLINE;
  if (armed)
    found.unshift({
      block,
      pages: null,
      function: 'memory_notify',
      why: 'a notifier refuses MEM_GOING_OFFLINE',
    });
  if (
    decisive.length === 0 &&
    !armed &&
    runs.length > 0 &&
    free.length === runs.length &&
    !isSystemRam(session, block)
  )
    found.push({
      block,
      pages: null,
      function: 'walk_system_ram_range',
      why: 'walk_system_ram_range() finds no System RAM here (/proc/iomem)',
    });
  return [...found].sort((a, b) => Number(decisive.includes(b)) - Number(decisive.includes(a)));
}

/** Whether free pages outside of the block are as many as the movable ones in it. */
function hasRoom({ state, kernel }: Session, block: number, nrPages: number): boolean {
  let need = 0;
  let room = 0;
  for (const run of pageRuns(state, kernel, 0, Number.MAX_SAFE_INTEGER)) {
    const inside = run.pfn >= block * nrPages && run.pfn < (block + 1) * nrPages;
    if (inside && run.kind === 'movable') need += run.nr_pages;
    if (!inside && run.kind === 'free') room += run.nr_pages;
  }
  return room >= need;
}

function isSystemRam({ state, kernel }: Session, block: number): boolean {
  const start = block * kernel.c.memory_block_size_bytes;
  return state.iomem_resource.children.some(
    ({ name, start: from, end }) => name.startsWith('System RAM') && from <= start && start <= end,
  );
}

/** The blocks of a range of bytes that are online. */
function onlineBlocks({ state, kernel }: Session, [start, size]: readonly [number, number]): number[] {
  const bytes = kernel.c.memory_block_size_bytes;
  return [...state.memory_block]
    .filter(([id, block]) => !block.offline && id >= Math.floor(start / bytes) && id * bytes < start + size)
    .map(([id]) => id)
    .sort((a, b) => a - b);
}

/** More holders of a range are not listed. */
const TOLD = 3;

/** What keeps a range of bytes from going offline: of its first block that something keeps, at most {@link TOLD}. */
export function holders(session: Session, range: readonly [start: number, size: number]): Holder[] {
  for (const block of onlineBlocks(session, range)) {
    const found = holdersOf(session, block);
    if (found.length > 0) return found.slice(0, TOLD);
  }
  return [];
}
