import { InputError, quote } from '../../errors/input-error.ts';
import type { FirmwareMapEntry } from '../machine.ts';
import type { FileTree } from '../sources/tree.ts';

const DIR = 'sys/firmware/memmap';

function address(tree: FileTree, path: string): number {
  const text = tree.readText(path)?.trimEnd() ?? '';
  const value = /^0x[0-9a-f]{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= 2 ** 52))
    throw new InputError(tree.source, path, `${quote(text)} is not an address up to 2^52`);
  return value;
}

/**
 * The firmware memory map, one entry per directory of sys/firmware/memmap, by number. Undefined if the source has none.
 * @throws InputError for an entry without a range
 */
export function readFirmwareMap(tree: FileTree): FirmwareMapEntry[] | undefined {
  const names = tree.list(DIR)?.filter((name) => /^\d{1,6}$/.test(name));
  return names
    ?.map((name) => ({
      id: Number(name),
      start: address(tree, `${DIR}/${name}/start`),
      end: address(tree, `${DIR}/${name}/end`),
      type: tree.readText(`${DIR}/${name}/type`)?.trimEnd() ?? '',
    }))
    .sort((a, b) => a.id - b.id);
}
