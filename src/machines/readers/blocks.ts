import { InputError, quote } from '../../errors/input-error.ts';
import type { Block } from '../machine.ts';
import type { FileTree } from '../sources/tree.ts';
import { blockIds, blockSizeOf, hasFirmwareNode, MEMORY_DIR, NODE_DIR, nodesIn } from './block-dirs.ts';

/** More blocks than any machine has: 2^40 bytes in 64M blocks many times over. */
const MAX_BLOCKS = 2 ** 22;

export interface Blocks {
  /** Bytes. */
  readonly block_size: number;
  /** Ascending. */
  readonly blocks: readonly Block[];
  /** Oddities of the blocks, one line each. */
  readonly missing: readonly string[];
}

/**
 * Reads every sys/devices/system/memory/memoryN. A block belongs to the nodes its directory links to and to those whose
 * directory links to it. Without a state file the state follows from `online`.
 *
 * @returns undefined when the source has no memory blocks
 * @throws InputError if a file of a block has contents that the kernel cannot have written
 */
export function readBlocks(tree: FileTree): Blocks | undefined {
  const names = tree.list(MEMORY_DIR);
  if (names === undefined) return undefined;
  const blockSize = blockSizeOf(tree);
  if (blockSize === undefined) throw new InputError(tree.source, MEMORY_DIR, 'has no block_size_bytes');
  const ids = blockIds(tree, names, blockSize);
  if (ids.length > MAX_BLOCKS)
    throw new InputError(tree.source, MEMORY_DIR, `has more than ${MAX_BLOCKS} blocks`);
  const links = nodeSideLinks(tree);
  const known = new Set(ids);
  const odd = new Oddities();
  for (const [id, nids] of links) {
    if (!known.has(id))
      for (const nid of nids) odd.add('links to a block that is not there', `node${nid} to memory${id}`);
  }
  const nodes = tree.list(NODE_DIR);
  const blocks = ids.map((id): Block => {
    const names = tree.list(`${MEMORY_DIR}/memory${id}`) ?? [];
    const here = nodesIn(names);
    const there = links.get(id) ?? [];
    if (nodes !== undefined) {
      for (const nid of here) {
        if (!nodes.includes(`node${nid}`))
          odd.add('links to a node that is not there', `memory${id} to node${nid}`);
        else if (!there.includes(nid))
          odd.add('is linked in one direction only', `memory${id} to node${nid}`);
      }
      for (const nid of there) {
        if (!here.includes(nid)) odd.add('is linked in one direction only', `node${nid} to memory${id}`);
      }
    }
    return readBlock(
      tree,
      id,
      [...new Set([...here, ...there])].sort((a, b) => a - b),
      hasFirmwareNode(names),
    );
  });
  if (blocks.every((block) => block.nids.length === 0))
    odd.line('no node links: nodes of blocks are unknown');
  if (blocks.every((block) => block.valid_zones === undefined))
    odd.line('no valid_zones: zones of blocks are unknown');
  if (blocks.every((block) => block.removable === undefined)) odd.line('no removable files');
  return { block_size: blockSize, blocks, missing: odd.lines() };
}

function readBlock(tree: FileTree, id: number, nids: readonly number[], firmwareNode: boolean): Block {
  const dir = `${MEMORY_DIR}/memory${id}`;
  const read = (name: string): string | undefined => tree.readAttribute(`${dir}/${name}`)?.trim();
  const wrong = (name: string, text: string): InputError =>
    new InputError(tree.source, `${dir}/${name}`, `${quote(text)} is not what the kernel writes there`);
  const index = read('phys_index');
  if (
    index !== undefined &&
    index !== '' &&
    !(/^[0-9a-f]{1,16}$/.test(index) && Number.parseInt(index, 16) === id)
  ) {
    throw wrong('phys_index', index);
  }
  const removable = read('removable');
  if (removable !== undefined && removable !== '' && !/^[01]$/.test(removable))
    throw wrong('removable', removable);
  const zones = read('valid_zones');
  if (zones !== undefined && !/^[A-Za-z0-9]{0,16}( +[A-Za-z0-9]{1,16}){0,15}$/.test(zones))
    throw wrong('valid_zones', zones);
  return {
    id,
    state: stateOf(read, wrong, tree.source, dir),
    ...(removable ? { removable: removable === '1' } : {}),
    ...(zones ? { valid_zones: zones.split(/ +/) } : {}),
    ...(firmwareNode ? { firmware_node: true } : {}),
    nids,
  };
}

function stateOf(
  read: (name: string) => string | undefined,
  wrong: (name: string, text: string) => InputError,
  source: string,
  dir: string,
): Block['state'] {
  const state = read('state');
  if (state === 'online' || state === 'offline' || state === 'going-offline') return state;
  if (state !== undefined && state !== '') throw wrong('state', state);
  const online = read('online');
  if (online === '1') return 'online';
  if (online === '0') return 'offline';
  if (online !== undefined && online !== '') throw wrong('online', online);
  throw new InputError(source, dir, 'has neither state nor online');
}

/** The nodes whose directories link to blocks, by block number. */
function nodeSideLinks(tree: FileTree): Map<number, number[]> {
  const links = new Map<number, number[]>();
  for (const node of tree.list(NODE_DIR) ?? []) {
    const nid = /^node(\d{1,4})$/.exec(node)?.[1];
    if (nid === undefined || tree.kind(`${NODE_DIR}/${node}`) === 'file') continue;
    for (const name of tree.list(`${NODE_DIR}/${node}`) ?? []) {
      const digits = /^memory(\d{1,12})$/.exec(name)?.[1];
      if (digits === undefined) continue;
      const nids = links.get(Number(digits)) ?? [];
      nids.push(Number(nid));
      links.set(Number(digits), nids);
    }
  }
  return links;
}

/** Collects remarks: those of one kind become one line with the first example and a count. */
class Oddities {
  readonly #kinds = new Map<string, { readonly example: string; count: number }>();
  readonly #lines: string[] = [];

  add(kind: string, example: string): void {
    const seen = this.#kinds.get(kind);
    if (seen) seen.count++;
    else this.#kinds.set(kind, { example, count: 1 });
  }

  line(text: string): void {
    this.#lines.push(text);
  }

  lines(): string[] {
    const counted = [...this.#kinds].map(([kind, { example, count }]) =>
      count === 1 ? `${example} ${kind}` : `${example} ${kind}, and ${count - 1} more`,
    );
    return [...counted, ...this.#lines];
  }
}
