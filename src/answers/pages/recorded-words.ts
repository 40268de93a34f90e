import type { FileTree } from '../../machines/sources/tree.ts';
import type { PageSummary } from './summary.ts';
import { wordOfNames } from './word.ts';

/** /proc/kpageflags as archives have it: as text, a line or entry per run of equal words. */

const RLE = /^0x([0-9a-f]+) (\d+) 0x([0-9a-f]+)$/gm;

interface RecordedRanges {
  readonly [range: string]: { readonly runs?: readonly (readonly [string, string, string])[] };
}

/** Sums up what an archive has; false if it has no words. */
export function readRecordedWords(tree: FileTree, summary: PageSummary): boolean {
  const text = tree.readText('kpageflags.rle');
  if (text !== undefined) {
    for (const [, pfn, nr, word] of text.matchAll(RLE)) {
      const digits = word!.padStart(16, '0');
      const high = Number.parseInt(digits.slice(0, -8), 16);
      summary.add(Number.parseInt(pfn!, 16), Number(nr), Number.parseInt(digits.slice(-8), 16), high);
    }
    return true;
  }
  const json = tree.readText('proc/kpageflags.json');
  if (json === undefined) return false;
  return readRanges(json, summary);
}

/** Words by the names of their bits, of some ranges of pages. */
function readRanges(json: string, summary: PageSummary): boolean {
  let ranges: RecordedRanges;
  try {
    ranges = JSON.parse(json) as RecordedRanges;
  } catch {
    return false;
  }
  const runs = Object.values(ranges)
    .flatMap(({ runs: own }) => own ?? [])
    .map(([start, end, names]) => ({ start: Number(start), end: Number(end), word: wordOfNames(names) }))
    .sort((a, b) => a.start - b.start);
  for (const { start, end, word } of runs)
    if (word !== null && end > start) summary.add(start, end - start, word.low, word.high);
  return runs.length > 0;
}
