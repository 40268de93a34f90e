import { InputError } from '../../errors/input-error.ts';
import { isLsmem } from '../lsmem/lsmem-output.ts';
import type { FileTree } from '../sources/tree.ts';
import { isDeviceJson } from './device-json.ts';
import { isDmesg } from './dmesg.ts';

/** Output of a program that describes a machine. */
export interface Capture {
  readonly kind: CaptureKind;
  readonly text: string;
  /** Its path in the source; empty if it is the source itself. */
  readonly place: string;
}

export type CaptureKind = 'lsmem' | 'dmesg' | 'devices';

const KINDS: readonly (readonly [kind: CaptureKind, is: (text: string) => boolean])[] = [
  ['lsmem', isLsmem],
  ['dmesg', isDmesg],
  ['devices', isDeviceJson],
];

/** The kind of a captured text; undefined if it is none. */
export const captureKind = (text: string): CaptureKind | undefined => KINDS.find(([, is]) => is(text))?.[0];

/** Where a sosreport has the output of commands. */
const SOS = 'sos_commands';
const SOS_NAME = /^(lsmem|dmesg|cxl_list|daxctl_list|ndctl_list)/;

/** The captures in the folders where a sosreport has the output of commands. */
export function sosCaptures(tree: FileTree): readonly Capture[] {
  if (tree.kind(SOS) !== 'dir') return [];
  return (tree.list(SOS) ?? []).flatMap((name) =>
    tree.kind(`${SOS}/${name}`) === 'dir' ? inFolder(tree, `${SOS}/${name}`, SOS_NAME) : [],
  );
}

/** The captures among the files of a directory that has nothing else. */
export const looseCaptures = (tree: FileTree): readonly Capture[] => inFolder(tree, '', /./);

/** The most files of a directory that are looked at. */
const MAX_FILES = 100;

function inFolder(tree: FileTree, dir: string, names: RegExp): Capture[] {
  const found = (tree.list(dir) ?? []).filter((name) => names.test(name)).slice(0, MAX_FILES);
  return found.flatMap((name): Capture[] => {
    const place = dir === '' ? name : `${dir}/${name}`;
    if (tree.kind(place) !== 'file') return [];
    const text = textOf(tree, place);
    const kind = text === undefined ? undefined : captureKind(text);
    return kind === undefined ? [] : [{ kind, text: text!, place }];
  });
}

/** A file that is no text is no capture. */
function textOf(tree: FileTree, place: string): string | undefined {
  try {
    return tree.readText(place);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}
