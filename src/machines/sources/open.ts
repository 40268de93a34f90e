import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { InputError } from '../../errors/input-error.ts';
import { codeOf, reason } from '../../errors/system-error.ts';
import { recordingOf } from '../recording/recording.ts';
import { isArchive, readArchive } from './archive.ts';
import { chosenIn, type OpenedSource, type Recorded } from './chosen.ts';
import { DirTree } from './dir-tree.ts';
import { DEFAULT_LIMITS, type Limits } from './limits.ts';
import { withRecordedLinks } from './links.ts';
import { wantedForAnswers, wantedForBlocks, wantedForMachine } from './wanted.ts';

const WANTED = { machine: wantedForMachine, blocks: wantedForBlocks, answers: wantedForAnswers };

export interface OpenOptions {
  readonly limits?: Partial<Limits>;
  /** What to keep of an archive: all that describes a machine, only its memory blocks, or also what answers read. */
  readonly only?: 'machine' | 'blocks' | 'answers';
}

/**
 * Opens a mirror of the /proc and /sys of one machine: `/` for this host, a directory, or an archive (.tar, .tar.gz,
 * .tar.bz2, .tar.xz). The mirror may be nested in up to four directories, as in a sosreport. If a source has several,
 * `SOURCE:NAME` selects one:
 * of a recording the step (`run.tar.xz:03-dimm0-add`, `run.tar.xz:3`), else the directory.
 *
 * @throws InputError if there is nothing to read, or more than one mirror
 */
export async function openSource(source: string, options: OpenOptions = {}): Promise<OpenedSource> {
  const { path, pick } = split(source);
  const limits: Limits = { ...DEFAULT_LIMITS, ...options.limits };
  if (isDirectory(path, source)) {
    const dir = new DirTree(path, source, limits);
    if (pick === undefined && dir.kind('sys') !== undefined) {
      const recorded = aroundStep(path, source);
      const tree = withRecordedLinks(dir);
      return recorded === undefined ? { tree } : { tree, recorded };
    }
    return chosenIn(dir, source, pick);
  }
  const wanted = WANTED[options.only ?? 'machine'];
  return chosenIn(
    await readArchive(path, { source: pick === undefined ? source : path, wanted, limits }),
    source,
    pick,
  );
}

/** Whether a file is an archive: by its first bytes, or by its name if the file is empty. */
export function looksLikeArchive(path: string): boolean {
  const head = Buffer.alloc(512);
  let fd: number;
  try {
    if (!statSync(path).isFile()) return false;
    fd = openSync(path, 'r');
  } catch {
    return false;
  }
  try {
    const length = readSync(fd, head, 0, head.length, 0);
    return isArchive(head.subarray(0, length)) || /\.(tar|tgz|tbz2?|txz|gz|bz2|xz)$/.test(path);
  } catch {
    return false;
  } finally {
    closeSync(fd);
  }
}

function split(source: string): { readonly path: string; readonly pick?: string } {
  if (exists(source)) return { path: source };
  const colon = source.lastIndexOf(':');
  if (colon > 0 && colon < source.length - 1 && exists(source.slice(0, colon))) {
    return { path: source.slice(0, colon), pick: source.slice(colon + 1) };
  }
  return { path: source };
}

function exists(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

function isDirectory(path: string, source: string): boolean {
  try {
    const stat = statSync(path);
    if (!stat.isDirectory() && !stat.isFile())
      throw new InputError(source, '', 'is neither a file nor a directory');
    return stat.isDirectory();
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(source, '', reason(codeOf(error) ?? String(error)));
  }
}

/** The ops.json of the recording to which this step directory belongs. */
function aroundStep(path: string, source: string): Recorded | undefined {
  const parent = new DirTree(`${path}/..`, source);
  if (new DirTree(path).kind('step.json') !== 'file' || parent.kind('ops.json') !== 'file') return undefined;
  const recording = recordingOf(parent);
  return recording && { ops: recording.ops, top: recording.tree };
}
