/** A half-open range of integers [start, end). Lists of them ascend. */
export interface ZoneSpan {
  readonly start: number;
  readonly end: number;
}

/** Ascending spans, with spans that touch or overlap merged. */
export function merged(spans: readonly ZoneSpan[]): ZoneSpan[] {
  const found: { start: number; end: number }[] = [];
  for (const { start, end } of [...spans].sort((a, b) => a.start - b.start)) {
    const last = found.at(-1);
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else if (end > start) found.push({ start, end });
  }
  return found;
}

/** The parts of the wanted spans that lie in none of the given ones; both lists are merged. */
export function missing(wanted: readonly ZoneSpan[], given: readonly ZoneSpan[]): ZoneSpan[] {
  const found: ZoneSpan[] = [];
  let i = 0;
  for (const { start, end } of wanted) {
    let at = start;
    while (i < given.length && given[i]!.end <= start) i++;
    for (let j = i; j < given.length && given[j]!.start < end; j++) {
      if (given[j]!.start > at) found.push({ start: at, end: given[j]!.start });
      at = Math.max(at, given[j]!.end);
    }
    if (at < end) found.push({ start: at, end });
  }
  return found;
}
