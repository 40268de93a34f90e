import type { Config } from '../../kernel/config.ts';
import { memparse } from '../../kernel/lib/cmdline.ts';
import { MEMBLOCK_HOTPLUG, MEMBLOCK_MIRROR } from '../../kernel/mm/memblock/memblock.ts';
import type { memblock_region } from '../../kernel/state.ts';

/** Where ZONE_MOVABLE begins in each node at boot: find_zone_movable_pfns_for_nodes(). Addresses are pfns here. */

/** kernelcore= or movablecore=: an amount of pages, a share of all of them, or memory that firmware mirrors. */
type Core = number | { readonly percent: number } | 'mirror';

/** The last of the options; 0 if there is none, or its value is no number. */
function coreOption(words: readonly string[], name: string, pageSize: number): Core {
  const value = words.findLast((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
  if (value === undefined) return 0;
  if (name === 'kernelcore' && value === 'mirror') return 'mirror';
  const percent = /^(0x[0-9a-f]+|\d+)%$/i.exec(value)?.[1];
  if (percent !== undefined) return { percent: Number(percent) };
  return Math.floor(memparse(value).value / pageSize);
}

interface Span {
  readonly nid: number;
  readonly start: number;
  readonly end: number;
  readonly flags: number;
}

export interface Movable {
  /** The first pfn of ZONE_MOVABLE, by node; a node without has no entry. */
  readonly start: ReadonlyMap<number, number>;
  /** Whether memory that is mirrored stays in the kernel zones wherever it lies. */
  readonly mirrored: boolean;
  readonly notes: readonly string[];
}

const pagesIn = (spans: readonly Span[]): number =>
  spans.reduce((sum, { start, end }) => sum + end - start, 0);

/** The starts of ZONE_MOVABLE so that the kernel zones have `wanted` pages, evenly on all nodes as far as possible. */
function evenly(spans: readonly Span[], wanted: number, usable: number): Map<number, number> {
  const movable = new Map<number, number>();
  const nids = [...new Set(spans.map(({ nid }) => nid))].sort((a, b) => a - b);
  let required = wanted;
  for (let nodes = nids.length; nodes > 0; nodes--) {
    let share = Math.floor(required / nodes);
    for (const nid of nids) {
      if (required < share) share = Math.floor(required / nodes);
      let remaining = share;
      for (const span of spans.filter((one) => one.nid === nid)) {
        let start = Math.max(span.start, movable.get(nid) ?? 0);
        if (start >= span.end) continue;
        if (start < usable) {
          const kernel = Math.min(span.end, usable) - start;
          remaining -= Math.min(kernel, remaining);
          required -= Math.min(kernel, required);
          if (span.end <= usable) {
            movable.set(nid, span.end);
            continue;
          }
          start = usable;
        }
        const size = Math.min(span.end - start, remaining);
        movable.set(nid, start + size);
        required -= Math.min(required, size);
        remaining -= size;
        if (remaining === 0) break;
      }
    }
    if (required <= nodes - 1) break;
  }
  return movable;
}

/** The lowest start, by node, of the spans that pass the test. */
function firstOf(spans: readonly Span[], test: (span: Span) => boolean): Map<number, number> {
  const first = new Map<number, number>();
  for (const span of spans)
    if (test(span)) first.set(span.nid, Math.min(span.start, first.get(span.nid) ?? span.start));
  return first;
}

/**
 * @param usable the lowest pfn that the highest kernel zone can have
 * @param warnsOfNoMirror whether the kernel ignores kernelcore=mirror if nothing is mirrored
 */
export function movableZones(
  c: Config,
  regions: readonly memblock_region[],
  words: readonly string[],
  usable: number,
  warnsOfNoMirror: boolean,
): Movable {
  const spans = regions
    .map(({ base, size, nid, flags }) => ({
      nid,
      flags,
      start: Math.ceil(base / c.PAGE_SIZE),
      end: Math.floor((base + size) / c.PAGE_SIZE),
    }))
    .filter(({ start, end }) => start < end);
  const aligned = (starts: ReadonlyMap<number, number>, mirrored = false, notes: string[] = []): Movable => {
    // MAX_ORDER_NR_PAGES
    const n = 2 ** (c.MAX_ORDER - 1);
    const start = new Map<number, number>();
    for (const [nid, pfn] of starts) {
      const up = Math.ceil(pfn / n) * n;
      const end = Math.max(...spans.filter((span) => span.nid === nid).map((span) => span.end));
      if (up < end) start.set(nid, up);
    }
    return { start, mirrored, notes };
  };
  const none = (notes: string[] = []): Movable => ({ start: new Map(), mirrored: false, notes });
  if (c.movable_node) return aligned(firstOf(spans, ({ flags }) => (flags & MEMBLOCK_HOTPLUG) !== 0));
  const kernelcore = coreOption(words, 'kernelcore', c.PAGE_SIZE);
  if (kernelcore === 'mirror') {
    const isMirror = ({ flags }: Span): boolean => (flags & MEMBLOCK_MIRROR) !== 0;
    if (warnsOfNoMirror && !spans.some(isMirror))
      return none(['The system has no mirror memory, ignore kernelcore=mirror.']);
    const low = 2 ** 32 / c.PAGE_SIZE;
    const below = spans.some((span) => !isMirror(span) && span.start < low);
    const notes = below ? ['This configuration results in unmirrored kernel memory.'] : [];
    return aligned(
      firstOf(spans, (span) => !isMirror(span) && span.start >= low),
      true,
      notes,
    );
  }
  const total = pagesIn(spans);
  const pages = (core: Core): number =>
    typeof core === 'object' ? Math.floor((total * 100 * core.percent) / 10_000) : Number(core);
  let required = pages(kernelcore);
  const movablecore = pages(coreOption(words, 'movablecore', c.PAGE_SIZE));
  if (movablecore > 0) {
    const n = 2 ** (c.MAX_ORDER - 1);
    required = Math.max(required, total - Math.min(total, Math.ceil(movablecore / n) * n));
  }
  if (required === 0 || required >= total) return none();
  return aligned(evenly(spans, required, usable));
}
