import { InputError } from '../../errors/input-error.ts';
import {
  type ListedBlock,
  listBlocks,
  listedOf,
  type WantedFiles,
} from '../../machines/lsmem/lsmem-source.ts';
import { blockIds, MEMORY_DIR } from '../../machines/readers/block-dirs.ts';
import { readParams } from '../../machines/readers/params.ts';
import type { OpenedSource } from '../../machines/sources/chosen.ts';
import { DirTree } from '../../machines/sources/dir-tree.ts';
import type { FileTree } from '../../machines/sources/tree.ts';
import { knownOf, type MachineFlags } from './machine-options.ts';
import { namedRelease } from './named-release.ts';

/** The memory blocks of a source, for a list. */
export interface ListedSource {
  readonly blocks: readonly ListedBlock[];
  /** Bytes. */
  readonly block_size: number;
  /** The parameter memmap_on_memory as its file has it. */
  readonly memmap_on_memory: string | undefined;
  /** What is unknown or assumed of the machine, one line each. */
  readonly notes: readonly string[];
}

/**
 * The blocks of a source as it records them, of any architecture; those of the booted model if it records none.
 * @param source undefined for this host
 * @throws NoMemoryBlocks if the host has none
 * @throws InputError
 */
export async function listSource(
  source: string | undefined,
  flags: MachineFlags,
  want: WantedFiles,
): Promise<ListedSource> {
  if (flags.release !== undefined) namedRelease('--release', flags.release, flags);
  if (source === undefined) return { ...fromTree(new DirTree('/'), want), notes: [] };
  const { isScenario } = await import('./text-file.ts');
  const { openAny, readLsmem } = await import('../../machines/read.ts');
  const opened = isScenario(source) ? undefined : await openAny(source);
  if (opened && (hasBlocks(opened.tree) || !hasMore(opened)))
    return { ...fromTree(opened.tree, want), notes: await notesOf(opened, source, flags) };
  const lsmem = opened && readLsmem(opened.captures ?? [], source);
  if (opened && lsmem) {
    const { blocks, block_size, memmap_on_memory } = lsmem;
    return {
      blocks: listedOf(blocks),
      block_size,
      memmap_on_memory,
      notes: await notesOf(opened, source, flags),
    };
  }
  return fromModel(source, flags);
}

const fromTree = (tree: FileTree, want: WantedFiles): Omit<ListedSource, 'notes'> => ({
  ...listBlocks(tree, want),
  memmap_on_memory: readParams(tree)?.memmap_on_memory,
});

/** Whether blocks can be had without their directories. */
const hasMore = ({ tree, captures }: OpenedSource): boolean =>
  captures !== undefined || ['sos_commands', 'proc/iomem'].some((path) => tree.kind(path) !== undefined);

function hasBlocks(tree: FileTree): boolean {
  return blockIds(tree, tree.list(MEMORY_DIR) ?? [], 0).length > 0;
}

/** What the model would assume of the machine; why it would refuse it, which is no reason not to list it. */
async function notesOf(
  opened: OpenedSource,
  source: string,
  flags: MachineFlags,
): Promise<readonly string[]> {
  const { machineOf } = await import('../../machines/read.ts');
  try {
    return machineOf(opened, source, knownOf(flags)).missing;
  } catch (error) {
    if (error instanceof InputError) return [`${error.message}: its blocks are listed as recorded`];
    throw error;
  }
}

async function fromModel(source: string, flags: MachineFlags): Promise<ListedSource> {
  const { sessionOf } = await import('./session-of.ts');
  const { listedBlocks } = await import('../../report/blocks/memory-map.ts');
  const { session, notes } = await sessionOf(source, flags);
  const parameter = session.read('/sys/module/memory_hotplug/parameters/memmap_on_memory');
  return {
    blocks: listedBlocks(session),
    block_size: session.kernel.c.memory_block_size_bytes,
    memmap_on_memory: parameter?.kind === 'file' ? parameter.text : undefined,
    notes,
  };
}
