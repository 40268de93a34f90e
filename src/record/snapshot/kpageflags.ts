import type { Guest } from '../guest/guest.ts';

/** /proc/kpageflags of ranges of pages, as runs of equal words. */

export interface PageFlags {
  readonly pfn: number;
  readonly count: number;
  readonly word: bigint;
}

/** Adjacent ranges of pfns, merged. */
function joined(ranges: readonly (readonly [start: number, end: number])[]): [number, number][] {
  const list: [number, number][] = [];
  for (const [start, end] of ranges) {
    const last = list.at(-1);
    if (last && last[1] === start) last[1] = end;
    else list.push([start, end]);
  }
  return list;
}

/** Words per block of the file that dd reads; ranges begin and end at multiples of it. */
export const KPAGEFLAGS_UNIT = 4096;

export async function readKpageflags(
  guest: Guest,
  ranges: readonly (readonly [start: number, end: number])[],
  seconds: number,
): Promise<readonly PageFlags[]> {
  const runs: { pfn: number; count: number; word: bigint }[] = [];
  for (const [start, end] of joined(ranges)) {
    const skip = start / KPAGEFLAGS_UNIT;
    const line = `dd if=/proc/kpageflags bs=${KPAGEFLAGS_UNIT * 8} skip=${skip} count=${(end - start) / KPAGEFLAGS_UNIT} 2>/dev/null`;
    const { out } = await guest.run(line, seconds);
    for (let i = 0; i + 8 <= out.length; i += 8) {
      const word = out.readBigUInt64LE(i);
      const pfn = start + i / 8;
      const last = runs.at(-1);
      if (last && last.word === word && last.pfn + last.count === pfn) last.count++;
      else runs.push({ pfn, count: 1, word });
    }
  }
  return runs;
}

/** kpageflags.rle */
export const kpageflagsText = (runs: readonly PageFlags[]): string =>
  runs.map(({ pfn, count, word }) => `0x${pfn.toString(16)} ${count} 0x${word.toString(16)}\n`).join('');
