import { UserError } from '../../errors/user-error.ts';
import { blockIds, blockSizeOf, MEMORY_DIR, nodeLinks } from '../readers/block-dirs.ts';
import type { FileTree } from '../sources/tree.ts';

/** A memory block with the requested attributes. */
export interface ListedBlock {
  readonly id: number;
  /** `unknown` for any other word, and without a state file. */
  readonly state: 'online' | 'offline' | 'going-offline' | 'unknown';
  /** Whether the removable file says 1. */
  readonly removable: boolean;
  /** The lowest node it is linked to, -1 without a link; undefined if nodes were not read. */
  readonly nid: number | undefined;
  readonly zones: readonly string[];
}

export interface ListedMemory {
  /** Bytes. */
  readonly block_size: number;
  /** Ascending by number, at least one. */
  readonly blocks: readonly ListedBlock[];
}

/** The source has no memory blocks: a kernel without memory hotplug. The message is that of lsmem. */
export class NoMemoryBlocks extends UserError {
  override readonly name = 'NoMemoryBlocks';
}

/**
 * Reads the files that `lsmem` reads from sys/devices/system/memory. Like lsmem it accepts unknown states and missing
 * files, and shows them as such. As lsmem 2.38 does, zones are read only if block 0 has a valid_zones file, nodes only
 * if the first block has a node link.
 *
 * @throws NoMemoryBlocks if there is nothing to list
 * @throws InputError if the block size or a block number is invalid
 */
export function listBlocks(
  tree: FileTree,
  want: { readonly nodes: boolean; readonly zones: boolean },
): ListedMemory {
  const names = tree.list(MEMORY_DIR);
  if (names === undefined) {
    throw new NoMemoryBlocks(
      `cannot open /${MEMORY_DIR}: ${tree.unreadable.get(MEMORY_DIR) ?? 'No such file or directory'}`,
    );
  }
  const blockSize = blockSizeOf(tree);
  if (blockSize === undefined) throw new NoMemoryBlocks('This system does not support memory blocks');
  const ids = blockIds(tree, names, blockSize);
  const [first] = ids;
  if (first === undefined) throw new NoMemoryBlocks(`Failed to read ${MEMORY_DIR}: no memory blocks`);
  const nodes = want.nodes && nodeLinks(tree, first).length > 0;
  const zones = want.zones && tree.kind(`${MEMORY_DIR}/memory0/valid_zones`) !== undefined;
  const blocks = ids.map((id): ListedBlock => {
    const dir = `${MEMORY_DIR}/memory${id}/`;
    return {
      id,
      state: stateOf(tree.readAttribute(`${dir}state`)),
      removable: numberOf(tree.readAttribute(`${dir}removable`)) === 1,
      nid: nodes ? (nodeLinks(tree, id)[0] ?? -1) : undefined,
      zones: zones ? words(tree.readAttribute(`${dir}valid_zones`)) : [],
    };
  });
  return { block_size: blockSize, blocks };
}

function stateOf(text: string | undefined): ListedBlock['state'] {
  switch (firstLine(text)) {
    case 'online':
      return 'online';
    case 'offline':
      return 'offline';
    case 'going-offline':
      return 'going-offline';
    default:
      return 'unknown';
  }
}

function numberOf(text: string | undefined): number | undefined {
  const match = /^\s*[+-]?\d+/.exec(text ?? '');
  return match === null ? undefined : Number(match[0]);
}

function words(text: string | undefined): string[] {
  return firstLine(text)
    .split(' ')
    .filter((word) => word !== '');
}

function firstLine(text: string | undefined): string {
  if (text === undefined) return '';
  const end = text.indexOf('\n');
  return end < 0 ? text : text.slice(0, end);
}
