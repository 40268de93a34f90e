import { type CompareEvent, NO_ROOT } from './events.ts';

/** What an operation on zones does beside the writes, locks and results that are compared as they are. */

/**
 * Steps of a search for the next page of a zone: that of the model, and the accesses of the C to struct pages, maps,
 * roots, pagemaps, and, with HOLES_IN_ZONE, to memblock by its slots.
 */
const OF_SEARCH =
  /^(?:find_smallest_online|find_biggest_online|flags of the struct page|test_bit in the map|(?:un)?lock rcu for reading|has_key "mem_section_root"|count|current|slot|pagemap_at)(?: |$)/;

const isOfSearch = ({ text, section, written }: CompareEvent): boolean =>
  OF_SEARCH.test(text) || text === NO_ROOT || (section !== undefined && !written);

/** A search begins when a span has been read, and ends with the next event that is not of it. */
function withoutSearches(events: readonly CompareEvent[]): readonly CompareEvent[] {
  let afterRead = false;
  return events.filter((e) => {
    if (afterRead && isOfSearch(e)) return false;
    afterRead = e.span !== undefined && !e.written;
    return true;
  });
}

/** A write that the next one to the same field repeats, with only reads of spans in between. */
function isRepeated(events: readonly CompareEvent[], i: number): boolean {
  const { span, written, text } = events[i]!;
  if (span === undefined || !written) return false;
  const next = events.slice(i + 1).find((e) => e.span === undefined || e.written);
  return next?.text === text;
}

/** Reads of spans without a write between: each field once, and no start of a zone that is empty. */
function readsOf(run: readonly CompareEvent[]): readonly CompareEvent[] {
  const empty = new Set(
    run.filter(({ span, value }) => span?.endsWith('spanned_pages') && value === 0).map(({ span }) => span),
  );
  const kept = new Map<string, CompareEvent>();
  for (const e of run)
    if (!empty.has(e.span?.replace('zone_start_pfn', 'spanned_pages')) || e.span?.endsWith('spanned_pages'))
      kept.set(e.text, e);
  return [...kept.keys()].sort().map((text) => kept.get(text)!);
}

const FORGET = /^forget_pages (\S+) (\S+)$/;

/** page_init_poison() of two ranges as of one, if the second goes on where the first ends. */
function joined(a: CompareEvent | undefined, b: CompareEvent): CompareEvent | undefined {
  const [, start, end] = FORGET.exec(a?.text ?? '') ?? [];
  const [, next, last] = FORGET.exec(b.text) ?? [];
  return next !== undefined && end === next ? { ...b, text: `forget_pages ${start} ${last}` } : undefined;
}

/** How many were passed over, by their names in DIFFERENCES; the function adds to it. */
type Counts = Partial<Record<'search' | 'span_again' | 'span_reads' | 'poison', number>>;

/** The events of an operation on zones without what is passed over there; those of another as they are. */
export function comparableSpans(events: readonly CompareEvent[], counts: Counts): readonly CompareEvent[] {
  const count = (name: keyof Counts, n: number): void => {
    if (n > 0) counts[name] = (counts[name] ?? 0) + n;
  };
  const found = withoutSearches(events);
  count('search', events.length - found.length);
  const written = found.filter((_, i) => !isRepeated(found, i));
  count('span_again', found.length - written.length);
  const kept: CompareEvent[] = [];
  let run: CompareEvent[] = [];
  const end = (): void => {
    const reads = readsOf(run);
    count('span_reads', run.length - reads.length);
    kept.push(...reads);
    run = [];
  };
  for (const e of written) {
    if (e.span !== undefined && !e.written) {
      run.push(e);
      continue;
    }
    end();
    const whole = joined(kept.at(-1), e);
    if (whole) kept[kept.length - 1] = whole;
    else kept.push(e);
    count('poison', whole ? 1 : 0);
  }
  end();
  return kept;
}
