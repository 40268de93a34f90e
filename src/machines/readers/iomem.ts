import { InputError, quote } from '../../errors/input-error.ts';
import type { IomemEntry } from '../machine.ts';
import { MAX_ADDRESS } from './block-dirs.ts';

const PLACE = 'proc/iomem';
const LINE = /^( *)([0-9a-f]{1,16})-([0-9a-f]{1,16}) : (.*)$/;
/** The kernel prints at most this many levels. */
const MAX_DEPTH = 5;

/**
 * Parses /proc/iomem: one `start-end : name` per line, hexadecimal and inclusive, indented by two blanks per level. A
 * reader without CAP_SYS_ADMIN sees every address as 0; those entries are kept.
 *
 * @throws InputError for any other line, an end before its start, an end past 2^52, or System RAM that overlaps System
 * RAM
 */
export function parseIomem(text: string, file: string): IomemEntry[] {
  const entries: IomemEntry[] = [];
  let ramEnd = -1;
  let depthBefore = -1;
  for (const [i, line] of text.split('\n').entries()) {
    if (line === '') continue;
    const wrong = (what: string): InputError => new InputError(file, `${PLACE} line ${i + 1}`, what);
    const match = LINE.exec(line);
    if (match === null) throw wrong(`${quote(line)} is not "start-end : name"`);
    const depth = match[1]!.length / 2;
    if (!Number.isInteger(depth) || depth > MAX_DEPTH || depth > depthBefore + 1) {
      throw wrong(`${quote(line)} is indented by ${match[1]!.length} blanks`);
    }
    const start = Number.parseInt(match[2]!, 16);
    const end = Number.parseInt(match[3]!, 16);
    if (end < start) throw wrong(`${quote(line)} ends before it starts`);
    if (end >= MAX_ADDRESS) throw wrong(`${quote(line)} ends past 2^52`);
    const entry: IomemEntry = { depth, start, end, name: match[4]! };
    if (isSystemRam(entry) && end > 0) {
      if (start <= ramEnd) throw wrong(`${quote(line)} overlaps the System RAM before it`);
      ramEnd = end;
    }
    entries.push(entry);
    depthBefore = depth;
  }
  return entries;
}

/** Whether all addresses are zeroed: the file was read without root privileges. */
export function isZeroed(entries: readonly IomemEntry[]): boolean {
  return entries.length > 0 && entries.every(({ start, end }) => start === 0 && end === 0);
}

/** Whether it is System RAM at any level: boot RAM, DIMMs, "System RAM (virtio_mem)", "System RAM (kmem)". */
export function isSystemRam({ name }: IomemEntry): boolean {
  return name === 'System RAM' || /^System RAM \([^)]*\)$/.test(name);
}
