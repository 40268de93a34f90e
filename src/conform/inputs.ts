import { type Page, PageReserved, PG_reserved, page_use, USE, with_use } from '../kernel/mm/page.ts';
import type { Op } from '../machines/recording/ops.ts';
import type { Session } from '../scenarios/running/session.ts';
import { logLines, withoutMigrationDumps } from './dmesg.ts';
import { operationOf } from './operations.ts';

/**
 * An input that the model cannot know and the recording shows: the page that could not be moved in an operation. The
 * model gets it for the duration of the operation.
 */
export interface Input {
  readonly pfn: number;
  /** The page was PG_reserved: unmovable even in ZONE_MOVABLE. */
  readonly reserved: boolean;
}

/** The pages that the kernel dumped as unmovable, in order. */
export function dumpedPages(log: string): Input[] {
  const lines = withoutMigrationDumps(logLines(log));
  return lines.flatMap((line, i) => {
    const page = /page:.* pfn:0x([0-9a-f]+)/.exec(line);
    if (!page) return [];
    const flags = lines[i + 1] ?? '';
    return [
      { pfn: Number.parseInt(page[1]!, 16), reserved: /flags: 0x[0-9a-f]+\(.*\breserved\b/.test(flags) },
    ];
  });
}

/** Puts the pages that made an operation fail in place; the result says what was given and removes it again. */
export function giveInputs(
  session: Session,
  op: Op,
  log: string,
): { given: Input[]; take_back: () => void; take_back_outlived: () => void } {
  const { c } = session.kernel;
  const { pages } = session.state;
  const refused = operationOf(op).refused?.(op, session) ?? null;
  const perBlock = c.memory_block_size_bytes / c.PAGE_SIZE;
  const given: Input[] = [];
  const before: [number, Page][] = [];
  for (const input of refused ? dumpedPages(log) : []) {
    const at = input.pfn * c.PAGE_SIZE;
    if (at < refused!.start || at >= refused!.start + refused!.size) continue;
    const page = pages.get(input.pfn);
    if (page_use(page) === USE.UNMOVABLE || PageReserved(page)) continue;
    before.push([input.pfn, page]);
    given.push(input);
    pages.set(input.pfn, input.pfn + 1, with_use(page, USE.UNMOVABLE) | (input.reserved ? PG_reserved : 0));
  }
  const withdraw = (some: readonly [number, Page][]): void => {
    for (const [pfn, page] of some) {
      if (page_use(pages.get(pfn)) === USE.UNMOVABLE) {
        const use = page_use(page);
        pages.update(pfn, pfn + 1, (now) => with_use(PageReserved(page) ? now : now & ~PG_reserved, use));
      }
    }
  };
  const blockOf = (pfn: number): number => Math.floor(pfn / perBlock);
  return {
    given,
    take_back: () => withdraw(before),
    // if the block was tried again later, the last page was still there, and no lower one
    take_back_outlived: () =>
      withdraw(
        before.filter(([pfn], i) => before.slice(i + 1).some(([later]) => blockOf(later) === blockOf(pfn))),
      ),
  };
}
