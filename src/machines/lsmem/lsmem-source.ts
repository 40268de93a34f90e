import { UserError } from '../../errors/user-error.ts';
import type { Block } from '../machine.ts';
import { blockIds, blockSizeOf, MEMORY_DIR, nodeLinks } from '../readers/block-dirs.ts';
import type { FileTree } from '../sources/tree.ts';

/** A memory block with the requested attributes. */
export interface ListedBlock {
  readonly id: number;
  /** `unknown` for any other word, and without a state file. */
  readonly state: 'online' | 'offline' | 'going-offline' | 'unknown';
  /** Whether the removable file says 1; undefined if a captured output of lsmem lacks the column. */
  readonly removable: boolean | undefined;
  /** The lowest node it is linked to, -1 without a link; undefined if nodes were not read. */
  readonly nid: number | undefined;
  readonly zones: readonly string[];
  /** s390: whether the hypervisor's memory is configured, and then with struct pages on itself (util-linux 2.42). */
  readonly configured?: boolean;
  readonly memmap_on_memory?: boolean;
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

export interface WantedFiles {
  readonly nodes: boolean;
  readonly zones: boolean;
  /** Whether any block may show that there are nodes or zones, as in lsmem 2.42. */
  readonly anyBlock?: boolean;
}

/** The blocks that another reader has found, for a list. */
export const listedOf = (blocks: readonly Block[]): ListedBlock[] =>
  blocks.map(({ id, state, removable, valid_zones, nids }) => ({
    id,
    state,
    removable,
    nid: nids[0] ?? -1,
    zones: valid_zones ?? [],
  }));

/**
 * Reads the files that `lsmem` reads from sys/devices/system/memory. Like lsmem it accepts unknown states and missing
 * files, and shows them as such. As lsmem 2.38 does, zones are read only if block 0 has a valid_zones file, nodes only
 * if the first block has a node link; lsmem 2.42 looks at all blocks.
 *
 * @throws NoMemoryBlocks if there is nothing to list
 * @throws InputError if the block size or a block number is invalid
 */
export function listBlocks(tree: FileTree, want: WantedFiles): ListedMemory {
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
  const hasZones = (id: number): boolean => tree.kind(`${MEMORY_DIR}/memory${id}/valid_zones`) !== undefined;
  const hasNodes = (id: number): boolean => nodeLinks(tree, id).length > 0;
  const nodes = want.nodes && (want.anyBlock ? ids.some(hasNodes) : hasNodes(first));
  const zones = want.zones && (want.anyBlock ? ids.some(hasZones) : hasZones(0));
  const configured = want.anyBlock === true && tree.kind(`${CONFIG_DIR}/memory0`) !== undefined;
  const listed = configured ? blockIds(tree, tree.list(CONFIG_DIR) ?? [], blockSize) : ids;
  const blocks = listed.map((id): ListedBlock => {
    const dir = `${MEMORY_DIR}/memory${id}/`;
    const config = configured ? configOf(tree, id) : undefined;
    if (config?.configured === false)
      return { id, state: 'offline', removable: false, nid: 0, zones: [], ...config };
    const state = stateOf(tree.readAttribute(`${dir}state`));
    return {
      id,
      state: configured && state === 'unknown' ? 'offline' : state,
      ...config,
      removable: numberOf(tree.readAttribute(`${dir}removable`)) === 1,
      nid: nodes ? (nodeLinks(tree, id)[0] ?? -1) : undefined,
      zones: zones ? words(tree.readAttribute(`${dir}valid_zones`)) : [],
    };
  });
  return { block_size: blockSize, blocks };
}

/** s390: memory that can be configured and deconfigured, a directory for each block. */
const CONFIG_DIR = 'sys/firmware/memory';

function configOf(tree: FileTree, id: number): { configured: boolean; memmap_on_memory: boolean } {
  const is1 = (name: string): boolean =>
    numberOf(tree.readAttribute(`${CONFIG_DIR}/memory${id}/${name}`)) === 1;
  return { configured: is1('config'), memmap_on_memory: is1('memmap_on_memory') };
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
