import { closeSync, openSync, readSync } from 'node:fs';
import { InputError } from '../../errors/input-error.ts';
import { codeOf, reason } from '../../errors/system-error.ts';
import { type Compression, decompress, type Pull, sniff } from './decompress.ts';
import { DEFAULT_LIMITS, type Limits } from './limits.ts';
import type { MemTree } from './mem-tree.ts';

export interface ArchiveOptions {
  readonly limits?: Partial<Limits>;
  /** Selects the members to keep, by path without a leading `/`. All others are skipped. */
  readonly wanted?: (path: string) => boolean;
  /** The name for messages; the path by default. */
  readonly source?: string;
}

const PIECE = 256 * 1024;
const SUPPORTED = new Set(['gzip', 'bzip2', 'xz']);

/**
 * Whether a file's first 512 bytes are those of an archive: compressed or not, and whether or not this code can read
 * it.
 */
export function isArchive(head: Uint8Array): boolean {
  return sniff(head) !== undefined || isTarHeader(head);
}

function isTarHeader(head: Uint8Array): boolean {
  return head.length >= 262 && String.fromCharCode(...head.subarray(257, 262)) === 'ustar';
}

/**
 * Reads a tar archive, plain or packed with gzip, bzip2 or xz, into memory. The file is streamed: only wanted members
 * are held. Hard links become files; devices and pipes are skipped.
 * @throws InputError if the archive is damaged, truncated, too large, or has a member whose path contains `..`
 */
export async function readArchive(path: string, options: ArchiveOptions = {}): Promise<MemTree> {
  const source = options.source ?? path;
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    throw new InputError(source, '', reason(codeOf(error) ?? String(error)));
  }
  try {
    const pull: Pull = () => {
      const piece = Buffer.allocUnsafe(PIECE);
      const length = readSync(fd, piece, 0, PIECE, null);
      return length === 0 ? undefined : piece.subarray(0, length);
    };
    return await unpack(source, pull, options);
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) throw error;
    throw new InputError(source, '', reason(code));
  } finally {
    closeSync(fd);
  }
}

/** Like {@link readArchive}, for an archive in memory. */
export async function unpackArchive(
  source: string,
  bytes: Uint8Array,
  options: ArchiveOptions = {},
): Promise<MemTree> {
  let at = 0;
  const pull: Pull = () => {
    if (at >= bytes.length) return undefined;
    const piece = bytes.subarray(at, at + PIECE);
    at += piece.length;
    return piece;
  };
  return unpack(source, pull, options);
}

async function unpack(source: string, pull: Pull, options: ArchiveOptions): Promise<MemTree> {
  const limits: Limits = { ...DEFAULT_LIMITS, ...options.limits };
  const first = pull();
  if (first === undefined) throw new InputError(source, '', 'is empty');
  const packed = sniff(first);
  if (packed !== undefined && !SUPPORTED.has(packed)) {
    throw new InputError(source, '', `is packed with ${packed}; only gzip, bzip2 and xz are read`);
  }
  let handed = false;
  const again: Pull = () => {
    if (handed) return pull();
    handed = true;
    return first;
  };
  // loaded only when an archive is read
  const { TarReader } = await import('./tar-reader.ts');
  const reader = new TarReader(source, limits, options.wanted ?? (() => true));
  await decompress(source, (packed ?? 'none') as Compression, again, limits, (chunk) => reader.write(chunk));
  return reader.end();
}
