import { statSync } from 'node:fs';
import { InputError } from '../../errors/input-error.ts';
import { codeOf, reason } from '../../errors/system-error.ts';
import { type ArchiveOptions, readArchive } from '../sources/archive.ts';
import { DirTree } from '../sources/dir-tree.ts';
import { DEFAULT_LIMITS } from '../sources/limits.ts';
import { withRecordedLinks } from '../sources/links.ts';
import { MemTree } from '../sources/mem-tree.ts';
import type { FileTree } from '../sources/tree.ts';
import { parseOps, type RecordedOps, type RecordedStep } from './ops.ts';

/** One step: the operations, and the files of the machine afterwards. */
export interface RecordingStep extends RecordedStep {
  /**
   * proc/, sys/, dmesg (x86: dmesg-delta.txt), step.json and other recorded files. A step whose guest crashed has
   * neither proc nor sys.
   */
  readonly tree: FileTree;
}

/** A recording of a real kernel: one run, step by step. */
export interface Recording {
  /** The archive or directory as the user named it. */
  readonly source: string;
  /** ops.json, whole. */
  readonly ops: RecordedOps;
  /** In the order they were made. */
  readonly steps: readonly RecordingStep[];
  /** The files beside the steps (console.log, machine.json, qemu-cmdline.txt, …) and below them. */
  readonly tree: FileTree;
}

/**
 * Opens a recording: an archive (.tar, .tar.gz, .tar.bz2, .tar.xz) or a directory, with ops.json at its top or in its
 * only directory. All members of an archive are kept unless `wanted` rejects them; paths start with the run's
 * directory.
 * @throws InputError if it is not a recording, or if ops.json does not fit it
 */
export async function openRecording(path: string, options: ArchiveOptions = {}): Promise<Recording> {
  const source = options.source ?? path;
  const recording = recordingOf(await openTree(path, options));
  if (recording === undefined) throw new InputError(source, '', 'is not a recording: it has no ops.json');
  return recording;
}

/** A directory or archive as a file tree, with any contents. */
async function openTree(path: string, options: ArchiveOptions = {}): Promise<FileTree> {
  const source = options.source ?? path;
  let isDirectory: boolean;
  try {
    const stat = statSync(path);
    isDirectory = stat.isDirectory();
    if (!isDirectory && !stat.isFile()) throw new InputError(source, '', 'is neither a file nor a directory');
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(source, '', reason(codeOf(error) ?? String(error)));
  }
  if (!isDirectory) return readArchive(path, options);
  return new DirTree(path, source, { ...DEFAULT_LIMITS, ...options.limits });
}

/** The recording at the top of a tree or in its only directory; undefined if there is none. */
export function recordingOf(tree: FileTree): Recording | undefined {
  const top = topOf(tree);
  const text = top?.readText('ops.json');
  if (top === undefined || text === undefined) return undefined;
  const ops = parseOps(text, tree.source);
  const steps = ops.steps.map((step): RecordingStep => {
    const { dir } = step;
    if (top.kind(dir) !== 'dir') {
      const unread = [...step.unread, { key: dir, why: 'there is no such directory' }];
      return { ...step, unread, tree: new MemTree(`${tree.source}:${dir}`) };
    }
    return { ...step, tree: withRecordedLinks(top.sub(dir, `${tree.source}:${dir}`)) };
  });
  return { source: tree.source, ops, steps, tree: top };
}

function topOf(tree: FileTree): FileTree | undefined {
  if (tree.kind('ops.json') === 'file') return tree;
  const dirs = (tree.list('') ?? []).filter((name) => tree.kind(name) === 'dir');
  const [only] = dirs;
  if (dirs.length !== 1 || only === undefined || tree.kind(`${only}/ops.json`) !== 'file') return undefined;
  return tree.sub(only);
}

/**
 * The step with a given name: a directory ("03-dimm0-add-1G-node1"), a number ("03", "3") or a label
 * ("dimm0-add-1G-node1").
 * @throws InputError if there is no such step
 */
export function stepOf(recording: Recording, name: string): RecordingStep {
  const { steps } = recording;
  const exact = steps.find((step) => step.dir === name || step.dir.replace(/^\d+-/, '') === name);
  if (exact !== undefined) return exact;
  if (/^\d{1,6}$/.test(name)) {
    const numbered = steps.filter(
      (step) => Number(/^\d+/.exec(step.dir)?.[0] ?? Number.NaN) === Number(name),
    );
    if (numbered.length === 1) return numbered[0]!;
  }
  const last = steps[steps.length - 1];
  const range = last === undefined ? 'it has none' : `it has ${steps[0]!.dir} to ${last.dir}`;
  throw new InputError(recording.source, '', `has no step ${JSON.stringify(name)}: ${range}`);
}
