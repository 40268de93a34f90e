import { readFileSync, statSync } from 'node:fs';
import { InputError } from '../errors/input-error.ts';
import type { Arch } from '../geometry/sizes.ts';
import type { Machine } from './machine.ts';
import { capturedIn, machineOf, machineOfText } from './machine-of.ts';
import type { Known } from './readers/identity.ts';
import type { OpenedSource } from './sources/chosen.ts';
import { DirTree } from './sources/dir-tree.ts';
import { DEFAULT_LIMITS, type Limits } from './sources/limits.ts';
import { looksLikeArchive, type OpenOptions, openSource } from './sources/open.ts';

export { machineOf, readLsmem } from './machine-of.ts';

export interface ReadOptions extends Known {
  readonly limits?: Partial<Limits>;
}

/**
 * Reads a machine. The source is one of
 *
 * - a directory that mirrors /proc and /sys, or that contains such a directory (a sosreport, a dump with only
 *   sys/devices/system/memory); `/` is this host;
 * - an archive of one: .tar, .tar.gz, .tar.bz2, .tar.xz;
 * - a step of a recording, as `RECORDING:STEP` (archive or directory; the step by number, label or directory), or the
 *   step's directory;
 * - the output of lsmem (table, JSON, raw or pairs), the kernel's messages of a boot, the JSON of ndctl, daxctl and cxl, or a
 *   directory of such files;
 * - a machine file (YAML).
 *
 * Data that the source lacks and that nothing else determines is named in `missing`, one line each.
 *
 * @throws InputError if the source cannot be read or contradicts itself
 */
export async function readMachine(source: string, options: ReadOptions = {}): Promise<Machine> {
  if (isFile(source) && !looksLikeArchive(source)) return readSingleFile(source, options);
  return machineOf(
    await openSource(source, options.limits ? { limits: options.limits } : {}),
    source,
    options,
  );
}

/** This Linux host, for `--host`. */
export async function readHost(options: ReadOptions = {}): Promise<Machine> {
  const arch: Arch | undefined =
    process.arch === 'arm64' ? 'arm64' : process.arch === 'x64' ? 'x86_64' : undefined;
  const pageSize = hostPageSize();
  const known: Known = { ...(arch && { arch }), ...(pageSize && { page_size: pageSize }), ...options };
  return machineOf({ tree: new DirTree('/', 'this host') }, 'this host', known);
}

/** Reads a file that is no archive: what a program printed, or a machine file. */
function readSingleFile(path: string, options: ReadOptions): Machine {
  return machineOfText(textOfSource(path, options), path, options);
}

function textOfSource(path: string, options: ReadOptions): string {
  const cut = Math.max(0, path.lastIndexOf('/') + 1);
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const dir = new DirTree(cut === 0 ? '.' : path.slice(0, cut), path, limits);
  const text = readOwn(dir, path.slice(cut));
  if (text !== undefined) return text;
  throw new InputError(path, '', [...dir.unreadable.values()][0] ?? 'no such file or directory');
}

/**
 * Opens a source as {@link readMachine} does, without reading more of it than needed; undefined for a machine file.
 * @throws InputError if the source cannot be read
 */
export async function openAny(source: string, options: OpenOptions = {}): Promise<OpenedSource | undefined> {
  return isFile(source) && !looksLikeArchive(source)
    ? capturedIn(textOfSource(source, {}), source)
    : openSource(source, options);
}

/** The file that is itself the source: an error is in no place of it. */
function readOwn(dir: DirTree, name: string): string | undefined {
  try {
    return dir.readText(name);
  } catch (error) {
    if (error instanceof InputError && error.place === name) throw new InputError(error.file, '', error.what);
    throw error;
  }
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

const AT_PAGESZ = 6n;

/** The page size the kernel tells every program, in its auxiliary vector. */
function hostPageSize(): number | undefined {
  let vector: Buffer;
  try {
    vector = readFileSync('/proc/self/auxv');
  } catch {
    return undefined;
  }
  for (let at = 0; at + 16 <= vector.length; at += 16) {
    if (vector.readBigUInt64LE(at) === AT_PAGESZ) return Number(vector.readBigUInt64LE(at + 8));
  }
  return undefined;
}
