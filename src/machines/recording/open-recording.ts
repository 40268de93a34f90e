import { statSync } from 'node:fs';
import { InputError } from '../../errors/input-error.ts';
import { codeOf, reason } from '../../errors/system-error.ts';
import { type ArchiveOptions, readArchive } from '../sources/archive.ts';
import { DirTree } from '../sources/dir-tree.ts';
import { DEFAULT_LIMITS } from '../sources/limits.ts';
import type { FileTree } from '../sources/tree.ts';
import { type Recording, recordingOf } from './recording.ts';

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
