import { InputError, quote } from '../../errors/input-error.ts';
import { type Capture, looseCaptures } from '../captures/captures.ts';
import type { RecordedOps } from '../recording/ops.ts';
import { recordingOf, stepOf } from '../recording/recording.ts';
import { withRecordedLinks } from './links.ts';
import { findRoots } from './roots.ts';
import type { FileTree } from './tree.ts';

/** A source whose root has the /proc and /sys of one machine. */
export interface OpenedSource {
  readonly tree: FileTree;
  /** The recording's data on the machine, if the source is a step of a recording. */
  readonly recorded?: Recorded;
  /** What programs printed, if the source has no more than that; else they are looked for in the tree. */
  readonly captures?: readonly Capture[];
}

export interface Recorded {
  readonly ops: RecordedOps;
  /** The files beside the steps. */
  readonly top: FileTree;
}

/**
 * The mirror of one machine's /proc and /sys in a tree.
 * @param pick the step of a recording, or the directory, where there are several
 * @throws InputError if there is none, or more than one
 */
export function chosenIn(tree: FileTree, source: string, pick: string | undefined): OpenedSource {
  const recording = recordingOf(tree);
  if (recording !== undefined) {
    if (pick === undefined) {
      const name = recording.steps[0]?.dir ?? 'STEP';
      throw new InputError(
        source,
        '',
        `is a recording of ${recording.steps.length} steps: name one, as in ${source}:${name}`,
      );
    }
    return { tree: stepOf(recording, pick).tree, recorded: { ops: recording.ops, top: recording.tree } };
  }
  const roots = findRoots(tree);
  const chosen =
    pick === undefined ? roots : roots.filter((root) => root === pick || root.endsWith(`/${pick}`));
  const [only] = chosen;
  if (only === undefined) {
    const captures = pick === undefined ? looseCaptures(tree) : [];
    if (captures.length > 0) return { tree, captures };
    const place = pick === undefined ? '' : ` in ${quote(pick)}`;
    throw new InputError(source, '', `has neither sys/devices/system/memory nor proc/iomem${place}`);
  }
  if (chosen.length > 1) {
    const names = chosen.slice(0, 3).map(quote).join(', ');
    throw new InputError(
      source,
      '',
      `holds ${chosen.length} machines (${names}): name one, as in ${source}:${only}`,
    );
  }
  return { tree: withRecordedLinks(only === '' ? tree : tree.sub(only, source)) };
}
