import { InputError } from '../../errors/input-error.ts';
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
