import { type Page, PageReserved, PG_reserved, page_use, USE, with_use } from '../../kernel/mm/page.ts';
import type { Op } from '../../machines/recording/ops.ts';
import type { Session } from '../../scenarios/running/session.ts';
import { repin } from '../../scenarios/steps/pages/pin.ts';
import { logLines, withoutMigrationDumps } from '../comparison/dmesg.ts';
import { operationOf } from '../operations.ts';
import { movablePin } from './pins.ts';

/** Something that the model cannot know and the recording shows. The model is told it for one operation. */
export interface Given {
  readonly what: string;
  /** The operation, as a report shows it. */
  readonly during: string;
  /** The page, if it is told which page could not be moved: the kernel's dump of it is given, too. */
  readonly pfn?: number;
}

/** A page that the kernel dumped as unmovable. */
export interface DumpedPage {
  readonly pfn: number;
  /** The page was PG_reserved: unmovable even in ZONE_MOVABLE. */
  readonly reserved: boolean;
}

const DUMP = /^page:.* pfn:0x([0-9a-f]+)/;

/** The pages that the kernel dumped as unmovable, in order. */
function dumpedPages(log: string): DumpedPage[] {
  const lines = withoutMigrationDumps(logLines(log));
  return lines.flatMap((line, i) => {
    const page = DUMP.exec(line);
    if (!page) return [];
    const flags = lines[i + 1] ?? '';
    return [
      { pfn: Number.parseInt(page[1]!, 16), reserved: /flags: 0x[0-9a-f]+\(.*\breserved\b/.test(flags) },
    ];
  });
}

/**
 * The unmovable pages of one step. The k-th dump of a page of a memory block belongs to the k-th attempt in the step to
 * take the block offline that fails because of a page: an eject tries a block twice, and the page may be another one.
 */
export class UnmovablePages {
  /** By block: the pages whose attempts are still to come. */
  readonly #dumps = new Map<number, DumpedPage[]>();
  /** By block: how many attempts have failed so far. */
  readonly #failed = new Map<number, number>();
  readonly #session: Session;
  readonly #perBlock: number;
  /** Pages in place, with what they were before. */
  readonly #placed = new Map<number, Page>();

  constructor(session: Session, log: string) {
    const { c } = session.kernel;
    this.#session = session;
    this.#perBlock = c.memory_block_size_bytes / c.PAGE_SIZE;
    for (const page of dumpedPages(log)) {
      const block = this.#blockOf(page.pfn);
      this.#dumps.set(block, [...(this.#dumps.get(block) ?? []), page]);
    }
  }

  /** Puts the next page of each block that the operation may fail to take offline in place. `tell` is called when it is met. */
  give(op: Op, tell: (given: Omit<Given, 'during'>) => void): void {
    const range = operationOf(op).offlines?.(op, this.#session) ?? null;
    if (range === null || this.#dumps.size === 0) return;
    const { c } = this.#session.kernel;
    const within = ({ pfn }: DumpedPage): boolean =>
      pfn * c.PAGE_SIZE >= range.start && pfn * c.PAGE_SIZE < range.start + range.size;
    for (const [block, [page]] of this.#dumps) if (page && within(page)) this.#place(block, page, tell);
    this.#session.prints = (text) => this.#dumped(text, tell);
  }

  /** Removes the pages that are still in place. */
  takeBack(): void {
    this.#session.prints = undefined;
    for (const pfn of [...this.#placed.keys()]) this.#remove(pfn);
  }

  #blockOf(pfn: number): number {
    return Math.floor(pfn / this.#perBlock);
  }

  /** The model has its own reasons where one of its pages is unmovable; only which page a pin took is chance. */
  #place(block: number, { pfn, reserved }: DumpedPage, tell: (given: Omit<Given, 'during'>) => void): void {
    const { pages } = this.#session.state;
    const page = pages.get(pfn);
    if (page_use(page) === USE.UNMOVABLE || PageReserved(page)) return;
    const pin = movablePin(this.#session, (own) => this.#blockOf(own) === block);
    if (pin !== undefined && !reserved) {
      repin(this.#session, pin, pfn);
      tell({ what: `the pin took page 0x${pfn.toString(16)}`, pfn });
      return;
    }
    this.#placed.set(pfn, page);
    pages.set(pfn, pfn + 1, with_use(page, USE.UNMOVABLE) | (reserved ? PG_reserved : 0));
  }

  /** The model has printed a line. After the dump of a page, the next attempt on its block meets the next page. */
  #dumped(text: string, tell: (given: Omit<Given, 'during'>) => void): void {
    const digits = DUMP.exec(text)?.[1];
    if (digits === undefined) return;
    const pfn = Number.parseInt(digits, 16);
    const block = this.#blockOf(pfn);
    const attempt = (this.#failed.get(block) ?? 0) + 1;
    this.#failed.set(block, attempt);
    if (this.#placed.has(pfn)) {
      tell({ what: `page 0x${pfn.toString(16)} was unmovable at attempt ${attempt} on memory${block}`, pfn });
      this.#remove(pfn);
    }
    const [, ...later] = this.#dumps.get(block) ?? [];
    this.#dumps.set(block, later);
    if (later[0]) this.#place(block, later[0], tell);
  }

  #remove(pfn: number): void {
    const { pages } = this.#session.state;
    const before = this.#placed.get(pfn)!;
    this.#placed.delete(pfn);
    if (page_use(pages.get(pfn)) !== USE.UNMOVABLE) return;
    const use = page_use(before);
    pages.update(pfn, pfn + 1, (now) => with_use(PageReserved(before) ? now : now & ~PG_reserved, use));
  }
}
