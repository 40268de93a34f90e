import { InputError, quote } from '../../errors/input-error.ts';
import type { FileTree } from '../sources/tree.ts';

/** Where sysfs has memory blocks and nodes. */
export const MEMORY_DIR = 'sys/devices/system/memory';
export const NODE_DIR = 'sys/devices/system/node';

/** Addresses end below this: 2^52, the widest physical address of any architecture read here. */
export const MAX_ADDRESS = 2 ** 52;

/**
 * Bytes of one memory block, from block_size_bytes: hexadecimal without prefix.
 * @returns undefined if there is no such file
 * @throws InputError if it is not a power of two from 4096 to 2^52
 */
export function blockSizeOf(tree: FileTree): number | undefined {
  const path = `${MEMORY_DIR}/block_size_bytes`;
  const text = tree.readText(path)?.trim();
  if (text === undefined) return undefined;
  const size = /^[0-9a-fA-F]{1,16}$/.test(text) ? Number.parseInt(text, 16) : Number.NaN;
  if (!Number.isFinite(size))
    throw new InputError(tree.source, path, `${quote(text)} is not a hexadecimal number`);
  if (size < 4096 || size > MAX_ADDRESS || 2 ** Math.round(Math.log2(size)) !== size) {
    throw new InputError(
      tree.source,
      path,
      `block size 0x${size.toString(16)} is not a power of two from 0x1000 to 2^52`,
    );
  }
  return size;
}

/**
 * The numbers of the memoryN directories among the names, ascending.
 * @throws InputError if a number occurs twice ("memory7", "memory07") or its block ends past 2^52
 */
export function blockIds(tree: FileTree, names: readonly string[], blockSize: number): number[] {
  const ids: number[] = [];
  for (const name of names) {
    const digits = /^memory(\d+)$/.exec(name)?.[1];
    if (digits === undefined) continue;
    const id = Number(digits);
    if (String(id) !== digits)
      throw new InputError(tree.source, `${MEMORY_DIR}/${name}`, 'is not a block number');
    if ((id + 1) * blockSize > MAX_ADDRESS) {
      throw new InputError(tree.source, `${MEMORY_DIR}/${name}`, 'ends past 2^52');
    }
    ids.push(id);
  }
  return ids.sort((a, b) => a - b);
}

/** Whether a block's directory links to a device of the firmware. */
export const hasFirmwareNode = (names: readonly string[]): boolean => names.includes('firmware_node');

/** The nodes to which a block's directory links, ascending. The links may dangle. */
export const nodeLinks = (tree: FileTree, id: number): number[] =>
  nodesIn(tree.list(`${MEMORY_DIR}/memory${id}`) ?? []);

/** The same from the names in the block's directory. */
export function nodesIn(names: readonly string[]): number[] {
  const nids: number[] = [];
  for (const name of names) {
    const digits = name.startsWith('node') ? /^node(\d{1,4})$/.exec(name)?.[1] : undefined;
    if (digits !== undefined) nids.push(Number(digits));
  }
  return nids.length > 1 ? nids.sort((a, b) => a - b) : nids;
}
