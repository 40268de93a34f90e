import { InputError, quote } from '../../errors/input-error.ts';
import type { MemblockRegion } from '../machine.ts';
import { MAX_ADDRESS } from './block-dirs.ts';

const LINE =
  /^ *(\d{1,9}): 0x([0-9a-f]{1,16})\.\.0x([0-9a-f]{1,16})(?: +(\d{1,4}|x) +([A-Z_]+(?:[|, ]+[A-Z_]+)*))?$/;

/**
 * Parses one array of /sys/kernel/debug/memblock: one `index: 0xstart..0xend` per line, end inclusive; from v6.3 on
 * followed by the node (`x` for none) and the name of the first flag (`NONE` for none).
 *
 * @param place the array's file, for messages
 * @throws InputError for any other line, wrong numbering, regions that are not ascending or end past 2^52
 */
export function parseMemblock(text: string, file: string, place: string): MemblockRegion[] {
  const regions: MemblockRegion[] = [];
  for (const [i, line] of text.split('\n').entries()) {
    if (line === '') continue;
    const wrong = (what: string): InputError => new InputError(file, `${place} line ${i + 1}`, what);
    const match = LINE.exec(line);
    if (match === null) throw wrong(`${quote(line)} is not "index: 0xstart..0xend"`);
    if (Number(match[1]) !== regions.length)
      throw wrong(`${quote(line)} should have index ${regions.length}`);
    const start = Number.parseInt(match[2]!, 16);
    const end = Number.parseInt(match[3]!, 16);
    if (end < start) throw wrong(`${quote(line)} ends before it starts`);
    if (end >= MAX_ADDRESS) throw wrong(`${quote(line)} ends past 2^52`);
    if (start <= (regions[regions.length - 1]?.end ?? -1))
      throw wrong(`${quote(line)} overlaps the region before it`);
    const node = match[4];
    const flags = match[5];
    regions.push({
      start,
      end,
      ...(node === undefined || node === 'x' ? {} : { nid: Number(node) }),
      ...(flags === undefined ? {} : { flags: flags.split(/[|, ]+/).filter((flag) => flag !== 'NONE') }),
    });
  }
  return regions;
}
