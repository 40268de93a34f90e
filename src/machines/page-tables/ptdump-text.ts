import { InputError, quote } from '../../errors/input-error.ts';
import { type LevelName, parseVa, vaText } from '../../geometry/translation.ts';
import { lineAttr } from './attributes.ts';

/**
 * A line of kernel_page_tables: consecutive entries of one level that are all empty, or leaves with the same
 * attributes.
 */
export interface PtdumpLine {
  /** Kernel addresses; end 0 stands for 2^64. */
  readonly start: number;
  readonly end: number;
  readonly level: LevelName;
  /** The descriptor bits that the line shows (packed as in src/hardware/descriptor.ts); 0 for empty entries. */
  readonly attr: number;
}

/** The text of kernel_page_tables. */
export interface ParsedPtdump {
  readonly runs: readonly PtdumpLine[];
  /** Each marker with the start of the line after it; 0 if it is the last. */
  readonly markers: readonly { readonly text: string; readonly start: number }[];
  /** The first line started at 0 (v5.7 to v5.10): it is not among the runs. */
  readonly from_zero: boolean;
}

const MARKER = /^---\[ ([ -~]{1,64}) \]---$/;
const LINE =
  /^0x([0-9a-f]{16})-0x([0-9a-f]{16}) {3} {0,8}(\d{1,9})([KMGTPE]) (PGD|P4D|PUD|PMD|PTE)( [ -~]{1,80})?$/;

/**
 * Parses arm64's /sys/kernel/debug/kernel_page_tables.
 *
 * @param memory_types names by AttrIndx of the release
 * @throws InputError for any other line, a size that is not that of the range, user addresses, lines that do not ascend
 */
export function parsePtdump(
  text: string,
  memoryTypes: readonly (string | undefined)[],
  file: string,
  place = 'sys/kernel/debug/kernel_page_tables',
): ParsedPtdump {
  const runs: PtdumpLine[] = [];
  const markers: { text: string; start: number }[] = [];
  let waiting = 0;
  let fromZero = false;
  let last = Number.NEGATIVE_INFINITY;
  for (const [i, line] of text.split('\n').entries()) {
    if (line === '') continue;
    const wrong = (what: string): InputError => new InputError(file, `${place} line ${i + 1}`, what);
    const marker = MARKER.exec(line);
    if (marker) {
      markers.push({ text: marker[1]!, start: 0 });
      waiting++;
      continue;
    }
    const match = LINE.exec(line);
    if (!match) throw wrong(`${quote(line)} is not a line of kernel_page_tables`);
    const [start, end] = [address(match[1]!), address(match[2]!)];
    if (start === undefined || end === undefined) throw wrong(`${quote(line)} is not in the kernel's half`);
    const zero = i === 0 && start === 0;
    if (!zero && start >= end) throw wrong(`${quote(line)} ends before it starts`);
    if (start < last || last === 0) throw wrong(`${quote(line)} is not behind the line before it`);
    if (!sameSize(end - (zero ? -(2 ** 64) : start), Number(match[3]), match[4]!))
      throw wrong(`${quote(line)} has not the size it says`);
    const attr = match[6] === undefined ? 0 : lineAttr(match[6], memoryTypes);
    if (attr === undefined) throw wrong(`${quote(line)} has attributes that are none`);
    while (waiting > 0) markers[markers.length - waiting--]!.start = start;
    last = end;
    if (zero) fromZero = true;
    else runs.push({ start, end, level: match[5] as LevelName, attr });
  }
  return { runs, markers, from_zero: fromZero };
}

/** A kernel address, or 0 for 2^64. */
function address(digits: string): number | undefined {
  try {
    const va = parseVa(digits);
    return va <= 0 && vaText(va) === digits ? va : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a size is written as the kernel does: in the largest unit that divides it. */
const sameSize = (bytes: number, n: number, unit: string): boolean => {
  const power = 'KMGTPE'.indexOf(unit);
  return bytes === n * 1024 ** (power + 1) && (n % 1024 !== 0 || unit === 'E');
};
