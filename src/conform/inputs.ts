import { page_use, USE } from '../kernel/mm/page.ts';
import type { Op } from '../machines/ops.ts';
import type { Session } from '../scenarios/session.ts';

/**
 * What the model cannot know and the recording shows: which blocks held a page that could not be moved when an
 * operation was tried. It is given to the model as one such page for as long as the operation lasts.
 */
export interface Input {
  /** Blocks that hold an unmovable page, by id. */
  readonly unmovable: readonly number[];
}

const block_of = (path: string): number | null => {
  const match = /\/memory(\d+)\/(?:state|online)$/.exec(path);
  return match ? Number(match[1]) : null;
};

const offlines = (op: Op & { op: 'write' }): boolean =>
  (op.path.endsWith('/state') && op.value.trim() === 'offline') ||
  (op.path.endsWith('/online') && op.value.trim() === '0');

/** The input that the recorded result of an operation implies; `log` is the step's kernel log. */
export function input_of(op: Op, log: string, block_size: number): Input {
  if (op.op === 'write' && offlines(op) && op.errno === 'EBUSY') {
    const block = block_of(op.path);
    return { unmovable: block === null ? [] : [block] };
  }
  if (op.op === 'device_del' && op.ost.at(-1) === 130) {
    const failed = /memory memory(\d+): Offline failed\./.exec(log);
    return { unmovable: failed ? [Number(failed[1])] : [] };
  }
  if (op.op === 'offline_and_remove_memory' && op.errno === 'EBUSY') {
    const pfn = /pfn:0x([0-9a-f]+)/.exec(log);
    const page = pfn ? Number.parseInt(pfn[1]!, 16) : Number.NaN;
    return { unmovable: Number.isNaN(page) ? [] : [Math.floor((page * 4096) / block_size)] };
  }
  return { unmovable: [] };
}

/** Put the input in place; the result takes it away again. Blocks that hold a pinned page need none. */
export function give_input(
  session: Session,
  input: Input,
  log: string,
): { given: number[]; take_back: () => void } {
  const { c } = session.kernel;
  const given: number[] = [];
  const undo: (() => void)[] = [];
  const dumped = [...log.matchAll(/pfn:0x([0-9a-f]+)/g)].map((match) => Number.parseInt(match[1]!, 16));
  for (const id of input.unmovable) {
    const start = (id * c.memory_block_size_bytes) / c.PAGE_SIZE;
    const end = start + c.memory_block_size_bytes / c.PAGE_SIZE;
    if (session.state.pages.first(start, end, (page) => page_use(page) === USE.UNMOVABLE) >= 0) continue;
    const pfn = dumped.find((at) => at >= start && at < end) ?? start;
    const before = session.state.pages.get(pfn);
    session.occupy(pfn * c.PAGE_SIZE, c.PAGE_SIZE, USE.UNMOVABLE);
    given.push(id);
    undo.push(() => {
      if (page_use(session.state.pages.get(pfn)) === USE.UNMOVABLE) {
        session.occupy(pfn * c.PAGE_SIZE, c.PAGE_SIZE, page_use(before));
      }
    });
  }
  return { given, take_back: () => undo.forEach((f) => f()) };
}
