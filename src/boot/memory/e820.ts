import { memparse } from '../../kernel/lib/cmdline.ts';

/** The memory map of x86 firmware as mem= and memmap= change it: arch/x86/kernel/e820.c. */

export const RAM = 1;
export const RESERVED = 2;
const ACPI = 3;
export const PRAM = 12;

/** What /proc/iomem calls a type; other types are "Unknown E820 type". */
export const E820_NAMES: Readonly<Record<number, string>> = {
  [RAM]: 'System RAM',
  [RESERVED]: 'Reserved',
  [ACPI]: 'ACPI Tables',
  4: 'ACPI Non-volatile Storage',
  5: 'Unusable memory',
  7: 'Persistent Memory',
  [PRAM]: 'Persistent Memory (legacy)',
  4026531839: 'Soft Reserved',
};

/** A range [start, end) of one type; ranges may overlap. */
export interface E820Entry {
  readonly start: number;
  readonly end: number;
  readonly type: number;
}

/** The entries with the part in [start, end) of those of type `from` (0: of all) given `to`, or removed (0). */
function updated(
  entries: readonly E820Entry[],
  start: number,
  end: number,
  from: number,
  to: number,
): E820Entry[] {
  return entries.flatMap((entry) => {
    if ((from !== 0 && entry.type !== from) || entry.end <= start || entry.start >= end) return [entry];
    const first = Math.max(start, entry.start);
    const last = Math.min(end, entry.end);
    const parts = [
      { ...entry, end: first },
      { start: first, end: last, type: to },
      { ...entry, start: last },
    ];
    return parts.filter((part) => part.start < part.end && part.type !== 0);
  });
}

const above = (entries: readonly E820Entry[], size: number): E820Entry[] =>
  updated(entries, size, Number.POSITIVE_INFINITY, RAM, 0);

/** parse_memopt(): RAM from this address on is gone. Null if the kernel refuses the value. */
export function memOption(entries: readonly E820Entry[], value: string): readonly E820Entry[] | null {
  const size = memparse(value).value;
  return size === 0 ? null : above(entries, size);
}

const TYPE_OF: Readonly<Record<string, number>> = { '@': RAM, '#': ACPI, $: RESERVED, '!': PRAM };

/** parse_memmap_one(): one value of memmap=. Null if the kernel refuses it. */
export function memmapOption(entries: readonly E820Entry[], value: string): readonly E820Entry[] | null {
  if (value.startsWith('exactmap')) return [];
  const { value: size, rest } = memparse(value);
  if (rest === value) return null;
  if (rest === '') return above(entries, size);
  const sign = rest[0]!;
  const { value: start, rest: types } = memparse(rest.slice(1));
  const end = start + size;
  const type = TYPE_OF[sign];
  if (type !== undefined) return types === '' ? [...entries, { start, end, type }] : null;
  if (sign !== '%') return null;
  const match = /^(?:-(0x[0-9a-f]+|\d+))?(?:\+(0x[0-9a-f]+|\d+))?$/i.exec(types);
  if (!match) return null;
  const [from, to] = [Number(match[1] ?? 0), Number(match[2] ?? 0)];
  return from === 0 && to !== 0
    ? [...entries, { start, end, type: to }]
    : updated(entries, start, end, from, to);
}

/**
 * e820__update_table(): ranges apart from each other, ascending. Where entries overlap, the highest type counts.
 * Adjacent ranges of one type become one, but for {@link PRAM}.
 */
export function sanitized(entries: readonly E820Entry[]): E820Entry[] {
  const points = [...new Set(entries.flatMap(({ start, end }) => [start, end]))].sort((a, b) => a - b);
  const ranges: E820Entry[] = [];
  for (const [i, start] of points.entries()) {
    const end = points[i + 1];
    if (end === undefined) break;
    const type = Math.max(
      0,
      ...entries.filter((entry) => entry.start <= start && entry.end >= end).map((entry) => entry.type),
    );
    const last = ranges.at(-1);
    if (type === 0) continue;
    const joins = last?.end === start && last.type === type;
    const own = type === PRAM && entries.some((entry) => entry.type === PRAM && entry.start === start);
    if (joins && !own) ranges[ranges.length - 1] = { ...last, end };
    else ranges.push({ start, end, type });
  }
  return ranges;
}
