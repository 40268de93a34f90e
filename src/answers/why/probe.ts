import { copyState } from '../../interleave/copy.ts';
import { MEMMAP, NO_PAGE, type Page, PG_reserved, page_memmap, USE, with_use } from '../../kernel/mm/page.ts';
import { recognise } from '../../messages/recognise.ts';
import { Session } from '../../scenarios/running/session.ts';
import { errnoName } from '../../steps/errno.ts';
import { pageContextOf } from '../asked-pages.ts';
import type { AskedMachine } from '../machine.ts';
import type { Owner } from '../owner/owner.ts';
import { placeBlock } from '../pages/place.ts';

/** What would happen if a block were taken offline: the operation is run on a copy of the machine. */
export interface Probe {
  /** The errno, null for success. */
  readonly errno: string | null;
  readonly ended: 'returned' | 'bug' | 'deadlock';
  /** What the kernel would print, in order. */
  readonly messages: readonly string[];
  /** The kernel's own word for the reason, which it prints only with dynamic debugging: "memory holes". */
  readonly reason: string | null;
  /** The page that it would dump; -1 for none. */
  readonly page: number;
  /** The loops that only a signal would end. */
  readonly loops: boolean;
  /** The machine on which it was run. */
  readonly after: Session;
  /** A page refused it whose place no file shows, the model has chosen it; what is told here counts such pages as free. */
  readonly chosen: boolean;
}

const FILE = 'mm/memory_hotplug.c';
const OFFLINING = 'memory offlining [mem %#010llx-%#010llx] failed due to %s';

const pathOf = (block: number): string => `/sys/devices/system/memory/memory${block}/state`;

/** @param hidden whether the words of some of the block's pages could not be seen */
export function probeOffline(asked: AskedMachine, block: number, owner: Owner, hidden: boolean): Probe {
  const { PAGE_SIZE, memory_block_size_bytes: size } = asked.session.kernel.c;
  const shown = owner.reservations
    .map((one) => [Math.floor(one.start / PAGE_SIZE), Math.ceil((one.start + one.size) / PAGE_SIZE)] as const)
    .sort(([a], [b]) => a - b);
  const probe = probed(asked, block);
  if (!hidden || probe.page < 0 || shown.some(([first, end]) => first <= probe.page && probe.page < end))
    return probe;
  const end = ((block + 1) * size) / PAGE_SIZE;
  const without = ({ state }: Session): void => {
    let at = (block * size) / PAGE_SIZE;
    for (const [first, last] of [...shown, [end, end] as const]) {
      if (first > at) state.pages.update(at, first, freed);
      at = Math.max(at, last);
    }
  };
  return { ...probed(asked, block, without), chosen: true };
}

const freed = (page: Page): Page =>
  page !== NO_PAGE && page_memmap(page) === MEMMAP.INIT ? with_use(page & ~PG_reserved, USE.FREE) : page;

function probed(asked: AskedMachine, block: number, prepare?: (session: Session) => void): Probe {
  const { kernel, state } = asked.session;
  const c = { ...kernel.c, dyndbg: [...kernel.c.dyndbg, FILE] };
  const after = new Session({ kernel: { ...kernel, c }, state: copyState(state), notes: [] });
  prepare?.(after);
  const words = asked.pages?.blocks.get(block);
  if (words) placeBlock(after, block, words, pageContextOf(asked));
  const { ret, ended, events, signalled } = after.write(pathOf(block), 'offline');
  const lines = events.flatMap((event) =>
    event.kind === 'printk' ? [event.text] : 'text' in event ? [event.text] : [],
  );
  let reason: string | null = null;
  let page = -1;
  const messages: string[] = [];
  for (const line of lines) {
    const found = recognise(line, kernel.release).find(({ message }) => message.format === OFFLINING);
    if (found) reason = String(found.values.reason);
    const dumped = /^page:.* pfn:0x([0-9a-f]+)/.exec(line)?.[1];
    if (dumped !== undefined) page = Number.parseInt(dumped, 16);
    const isDebug = found?.message.call === 'pr_debug' && !kernel.c.dyndbg.includes(FILE);
    if (!isDebug && line !== '' && !(line.startsWith('Offlined Pages') && quiet(asked))) messages.push(line);
  }
  return {
    errno: ret === null ? null : errnoName(ret),
    ended,
    messages,
    reason,
    page,
    loops: signalled.length > 0,
    after,
    chosen: false,
  };
}

/** What another block would get that differs in nothing but its place: addresses and pfns move with it. */
export function movedProbe(probe: Probe, from: number, to: number, size: number, pageSize: number): Probe {
  const delta = (to - from) * size;
  const within = (n: number, unit: number): boolean =>
    n >= (from * size) / unit && n <= ((from + 1) * size) / unit;
  const move = (text: string, digits: string): string => {
    const n = Number.parseInt(digits, 16);
    const unit = within(n, 1) ? 1 : within(n, pageSize) ? pageSize : 0;
    return unit === 0
      ? text
      : text.replace(digits, (n + delta / unit).toString(16).padStart(digits.length, '0'));
  };
  return {
    ...probe,
    messages: probe.messages.map((line) =>
      line.replace(HEX, move).replace(NAME, (text, id: string) => {
        return Number(id) === from ? `memory memory${to}` : text;
      }),
    ),
    page: probe.page < 0 ? probe.page : probe.page + delta / pageSize,
  };
}

/** Addresses and pfns in messages: with 0x, or between brackets. */
const HEX = /(?<=0x|\[|\[[0-9a-f]+ )([0-9a-f]{5,16})\b/g;
const NAME = /\bmemory memory(\d+)\b/g;

/** Since v5.11 "Offlined Pages" is a debug message. */
const quiet = ({ session }: AskedMachine): boolean =>
  !session.kernel.c.dyndbg.includes(FILE) &&
  recognise('Offlined Pages 1', session.kernel.release).some(({ message }) => message.call === 'pr_debug');
