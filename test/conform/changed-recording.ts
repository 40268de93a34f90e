import { conform, type Report } from '../../src/conform/replay-recording.ts';
import { openRecording } from '../../src/machines/recording/open-recording.ts';
import { recordingOf } from '../../src/machines/recording/recording.ts';
import { MemTree } from '../../src/machines/sources/mem-tree.ts';

/** Recordings of real kernels with something changed in them. */

/** ops.json as far as tests change it. */
export interface OpsFile {
  kernel: string;
  steps: { dir: string; ops: Record<string, unknown>[] }[];
}

/** A recording of the project in memory, with ops.json at its top. */
export async function recordingTree(name: string): Promise<MemTree> {
  const path = new URL(`../../recordings/${name}.tar.xz`, import.meta.url).pathname;
  const { tree } = await openRecording(path, { source: name });
  if (!(tree instanceof MemTree)) throw new Error(`${name} is not in memory`);
  return tree;
}

export const opsOf = (tree: MemTree): OpsFile => JSON.parse(tree.readText('ops.json')!) as OpsFile;

/** Replays it with other operations. */
export function replay(tree: MemTree, change: (ops: OpsFile) => void): Report {
  const before = tree.readText('ops.json')!;
  const ops = JSON.parse(before) as OpsFile;
  change(ops);
  tree.addFile('ops.json', JSON.stringify(ops));
  try {
    return conform(recordingOf(tree)!);
  } finally {
    tree.addFile('ops.json', before);
  }
}

/** Replaces a text in a file, which must have it. */
export function edit(tree: MemTree, path: string, from: string | RegExp, to: string): void {
  const before = tree.readText(path)!;
  const after = before.replaceAll(from, to);
  if (after === before) throw new Error(`${path} has no ${String(from)}`);
  tree.addFile(path, after);
}
