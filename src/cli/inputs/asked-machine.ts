import { readLog } from '../../answers/from-log.ts';
import type { AskedMachine } from '../../answers/machine.ts';
import { newSummary } from '../../answers/pages/place-recorded.ts';
import { readRecordedWords } from '../../answers/pages/recorded-words.ts';
import type { PageSummary } from '../../answers/pages/summary.ts';
import { linesOf } from '../../machines/page-files/read-lines.ts';
import { readWords } from '../../machines/page-files/read-words.ts';
import { DirTree } from '../../machines/sources/dir-tree.ts';
import type { FileTree } from '../../machines/sources/tree.ts';
import { listedBlocks } from '../../report/blocks/memory-map.ts';
import { listedMap, type MapData } from '../../report/drawing/block-map.ts';
import type { AnswerAbout } from '../../report/page/answer-parts.ts';
import { Session } from '../../scenarios/running/session.ts';
import type { MachineFlags } from './machine-options.ts';
import { openMachine, openMachineFiles } from './source.ts';

export interface AskFlags extends MachineFlags {
  /** The blocks whose pages are looked at; all by default. */
  readonly blocks?: readonly number[];
  /** Whether words of pages are wanted at all. */
  readonly words?: boolean;
}

/**
 * Opens what is asked about: this host, a source of a machine, or a machine that is described.
 * @throws InputError
 */
export async function askedMachine(source: string | undefined, flags: AskFlags): Promise<AskedMachine> {
  const files = await openMachineFiles(source, flags);
  const { machine, release, model, notes } = files ?? (await openMachine(source, flags));
  const session = new Session(model);
  const tree = files?.tree ?? null;
  const common = { machine, release, session, tree, notes, ...(tree && filesOf(session, tree)) };
  if (!tree) return { ...common, pages: null, no_pages: 'the machine is described, not read' };
  const log = tree.readText('dmesg') ?? '';
  if (log !== '') readLog(session, log);
  if (flags.words === false) return { ...common, pages: null, no_pages: 'not read' };
  return { ...common, ...readPages(session, tree, source === undefined, flags.blocks) };
}

/** What the page of an answer says of the machine. */
export const aboutAsked = ({
  machine,
  release,
  notes,
}: Pick<AskedMachine, 'machine' | 'release' | 'notes'>): AnswerAbout => ({
  machine: machine.source,
  arch: machine.arch,
  release: release.name,
  notes,
});

/** The map of its memory blocks. */
export const askedMap = ({ session }: AskedMachine): MapData =>
  listedMap(listedBlocks(session), session.kernel.c.memory_block_size_bytes);

/** Files that are read only if an answer wants them. */
function filesOf({ kernel: { c } }: Session, tree: FileTree): Pick<AskedMachine, 'lines' | 'mapped'> {
  const perBlock = c.memory_block_size_bytes / c.PAGE_SIZE;
  const isDir = tree instanceof DirTree;
  return {
    lines: (path) => (isDir ? linesOf(tree.pathOf(path)) : tree.readText(path)?.split('\n')),
    mapped: (block) => {
      if (!isDir) return null;
      let pages = 0;
      let seen = 0;
      const range = [block * perBlock, (block + 1) * perBlock] as const;
      const why = readWords(tree.pathOf('proc/kpagecount'), [range], (_pfn, nr, low, high) => {
        seen += nr;
        if (low !== 0 || high !== 0) pages += nr;
      });
      return why === undefined && seen > 0 ? pages : null;
    },
  };
}

function readPages(
  session: Session,
  tree: FileTree,
  isHost: boolean,
  blocks: readonly number[] | undefined,
): { pages: PageSummary | null; no_pages: string | null } {
  const wanted = blocks && new Set(blocks);
  const summary = newSummary(session, wanted && ((id) => wanted.has(id)));
  if (readRecordedWords(tree, summary)) return { pages: summary, no_pages: null };
  const path = isHost
    ? '/proc/kpageflags'
    : tree instanceof DirTree
      ? tree.pathOf('proc/kpageflags')
      : undefined;
  if (path === undefined) return { pages: null, no_pages: 'not recorded' };
  const { c } = session.kernel;
  const perBlock = c.memory_block_size_bytes / c.PAGE_SIZE;
  const ids = blocks ?? [...session.state.memory_block.keys()].sort((a, b) => a - b);
  const ranges: [number, number][] = [];
  for (const id of ids) {
    const before = ranges.at(-1);
    if (before && before[1] === id * perBlock) before[1] += perBlock;
    else ranges.push([id * perBlock, (id + 1) * perBlock]);
  }
  const why = readWords(path, ranges, (pfn, nr, low, high) => summary.add(pfn, nr, low, high));
  if (why !== undefined) return { pages: null, no_pages: why };
  return summary.blocks.size > 0
    ? { pages: summary, no_pages: null }
    : { pages: null, no_pages: 'has no words' };
}
