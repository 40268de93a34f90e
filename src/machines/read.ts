import { readFileSync, statSync } from 'node:fs';
import { InputError } from '../errors/input-error.ts';
import type { Arch } from '../geometry/sizes.ts';
import { type Capture, captureKind, sosCaptures } from './captures/captures.ts';
import { type CxlMemory, parseCxlJson } from './captures/cxl-json.ts';
import { type BootMessages, parseDmesg } from './captures/dmesg.ts';
import { type LsmemOutput, parseLsmem } from './lsmem/lsmem-output.ts';
import type { Block, IomemEntry, Machine, RamRange } from './machine.ts';
import { parseMachineFile } from './machine-file/machine-file.ts';
import { parseTables, type RecordedTables } from './page-tables/tables.ts';
import { readBlocks } from './readers/blocks.ts';
import { cxlOf } from './readers/cxl.ts';
import { readFirmwareMap } from './readers/firmware-map.ts';
import { type Identity, identify, type Known } from './readers/identity.ts';
import { isZeroed, parseIomem } from './readers/iomem.ts';
import { readKernelConfig } from './readers/kernel-config.ts';
import { parseMemblock } from './readers/memblock.ts';
import { readNodes } from './readers/nodes.ts';
import { NVDIMM_ROOTS, nvdimmOfIomem, readNvdimm } from './readers/nvdimm.ts';
import { readParams } from './readers/params.ts';
import { holesOf, ramOf } from './readers/ram.ts';
import { parseZoneinfo } from './readers/zoneinfo.ts';
import { DirTree } from './sources/dir-tree.ts';
import { DEFAULT_LIMITS, type Limits } from './sources/limits.ts';
import { MemTree } from './sources/mem-tree.ts';
import { looksLikeArchive, type OpenedSource, openSource } from './sources/open.ts';
import type { FileTree } from './sources/tree.ts';

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
 * - the output of lsmem (table, JSON, raw or pairs), the kernel's messages of a boot, or a directory of such files;
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

/**
 * Reads a machine from a file tree whose root mirrors / of the machine.
 * @param source the name to give it
 * @throws InputError
 */
export function machineOf(
  { tree, recorded, captures = sosCaptures(tree) }: OpenedSource,
  source: string,
  known: Known = {},
): Machine {
  if (captures.length > 0 && tree.kind('sys') === undefined && captures.every(({ kind }) => kind === 'cxl'))
    throw new InputError(
      source,
      '',
      'describes no RAM: read it in a directory with the output of lsmem or dmesg',
    );
  const inSysfs = readBlocks(tree);
  const lsmem = inSysfs?.blocks.length ? undefined : readLsmem(captures, source);
  const read = lsmem ?? inSysfs;
  const blocks = read?.blocks;
  const iomem = readIomem(tree);
  const zones = readZones(tree);
  const memblock = readMemblock(tree);
  const params = { ...paramsOf(lsmem), ...readParams(tree) };
  const firmwareMap = readFirmwareMap(tree);
  const tables = readTables(tree);
  const nvdimm = readNvdimm(tree) ?? (iomem && nvdimmOfIomem(iomem));
  const boot = readDmesg(captures);
  const cxl = cxlOf(iomem, readCxl(captures));
  const seen = [
    ...(blocks ?? []).flatMap(({ nids }) => nids),
    ...(zones ?? []).map(({ nid }) => nid),
    ...(boot?.ram ?? []).map(({ nid }) => nid),
  ];
  const nodes = readNodes(tree, seen);
  const identity: Identity = identify(tree, recorded, known, {
    iomem,
    zones,
    blocks,
    block_size: read?.block_size,
    ...(boot && { boot }),
  });
  const { missing: unidentified, ...who } = identity;
  const config = readKernelConfig(tree, recorded, who.release);
  const addressed = iomem !== undefined && !isZeroed(iomem) ? iomem : undefined;
  const placed = addressed && read ? { iomem: addressed, ...read } : undefined;
  const missing = [
    ...unidentified,
    ...(read === undefined
      ? [lacks(tree, 'sys/devices/system/memory', 'memory blocks are unknown')]
      : read.missing),
    ...(addressed !== undefined ? [] : [noIomem(tree, iomem)]),
    ...(zones === undefined
      ? [lacks(tree, 'proc/zoneinfo', 'zone spans and present pages are unknown')]
      : []),
    ...(nodes === undefined ? [lacks(tree, 'sys/devices/system/node', 'nodes are unknown')] : nodes.missing),
    ...(Object.keys(params).length === 0
      ? [lacks(tree, 'sys/module/memory_hotplug', 'the online policy is unknown')]
      : []),
    // Only arm64 keeps memblock after boot.
    ...(memblock === undefined && who.arch === 'arm64'
      ? [lacks(tree, 'sys/kernel/debug/memblock', 'reserved and nomap memory is unknown')]
      : []),
    ...(nvdimm === undefined && iomem?.some(({ name }) => name.startsWith('Persistent Memory'))
      ? [lacks(tree, NVDIMM_ROOTS[0]!, 'what lies on persistent memory, and its struct pages, is unknown')]
      : []),
    ...(nvdimm?.some(({ nid }) => nid < 0)
      ? [lacks(tree, NVDIMM_ROOTS[0]!, 'nodes and label areas of NVDIMM regions are unknown')]
      : []),
  ];
  return {
    source,
    ...who,
    ...blockSizeFrom(read, boot),
    ...ramFrom(placed, boot),
    ...(placed && { holes: holesOf(placed.iomem, placed.blocks, placed.block_size) }),
    ...(iomem && { iomem }),
    ...(memblock && { memblock }),
    ...(blocks && { blocks }),
    ...(nodes && { nodes: nodes.nodes }),
    ...(zones && { zones }),
    ...(config && { config }),
    ...(Object.keys(params).length > 0 && { params }),
    ...(firmwareMap && { firmware_map: firmwareMap }),
    ...(tables && { tables }),
    ...(nvdimm && { nvdimm }),
    ...(cxl && { cxl }),
    missing,
  };
}

/** What lsmem printed, if the source has it. @throws InputError */
export function readLsmem(captures: readonly Capture[], source: string): LsmemOutput | undefined {
  const capture = captures.find(({ kind }) => kind === 'lsmem');
  return capture && parseLsmem(capture.text, source, capture.place);
}

const paramsOf = (lsmem: LsmemOutput | undefined): Record<string, string> =>
  lsmem?.memmap_on_memory === undefined ? {} : { memmap_on_memory: lsmem.memmap_on_memory };

function readCxl(captures: readonly Capture[]): CxlMemory | undefined {
  const all = captures.filter(({ kind }) => kind === 'cxl').map(({ text }) => parseCxlJson(text));
  return all.length === 0
    ? undefined
    : { windows: all.flatMap(({ windows }) => windows), regions: all.flatMap(({ regions }) => regions) };
}

function readDmesg(captures: readonly Capture[]): BootMessages | undefined {
  const capture = captures.find(({ kind }) => kind === 'dmesg');
  return capture && parseDmesg(capture.text);
}

function blockSizeFrom(
  read: { readonly block_size: number } | undefined,
  boot: BootMessages | undefined,
): { readonly block_size?: number } {
  const size = read?.block_size ?? boot?.block_size;
  return size === undefined ? {} : { block_size: size };
}

/** The RAM of /proc/iomem; without it that of the messages, if no blocks tell more. */
function ramFrom(
  placed:
    | {
        readonly iomem: readonly IomemEntry[];
        readonly blocks: readonly Block[];
        readonly block_size: number;
      }
    | undefined,
  boot: BootMessages | undefined,
): { readonly ram?: readonly RamRange[] } {
  if (placed) return { ram: ramOf(placed.iomem, placed.blocks, placed.block_size) };
  return boot?.ram.length ? { ram: boot.ram } : {};
}

function readIomem(tree: FileTree): readonly IomemEntry[] | undefined {
  const text = tree.readText('proc/iomem');
  // Archives of /proc made without care contain empty files.
  return text ? parseIomem(text, tree.source) : undefined;
}

function readZones(tree: FileTree): Machine['zones'] {
  const text = tree.readText('proc/zoneinfo');
  return text ? parseZoneinfo(text, tree.source) : undefined;
}

function readMemblock(tree: FileTree): Machine['memblock'] {
  const dir = 'sys/kernel/debug/memblock';
  const array = (name: string): ReturnType<typeof parseMemblock> | undefined => {
    const text = tree.readText(`${dir}/${name}`);
    return text === undefined ? undefined : parseMemblock(text, tree.source, `${dir}/${name}`);
  };
  const memory = array('memory');
  const reserved = array('reserved');
  return memory && reserved ? { memory, reserved } : undefined;
}

function readTables(tree: FileTree): Machine['tables'] {
  const region = (name: string): RecordedTables | undefined => {
    const place = `tables/${name}.json`;
    const text = tree.readText(place);
    return text === undefined ? undefined : parseTables(text, tree.source, place);
  };
  const linear = region('linear');
  const vmemmap = region('vmemmap');
  return linear && vmemmap ? { linear, vmemmap } : undefined;
}

function lacks(tree: FileTree, path: string, consequence: string): string {
  for (const [unreadable, why] of tree.unreadable) {
    if (unreadable === path || unreadable.startsWith(`${path}/`))
      return `/${unreadable}: ${why}: ${consequence}`;
  }
  return `no /${path}: ${consequence}`;
}

function noIomem(tree: FileTree, iomem: readonly IomemEntry[] | undefined): string {
  const consequence = 'holes inside blocks are unknown';
  if (iomem !== undefined) return `/proc/iomem has only zeros (who read it was not root): ${consequence}`;
  return tree.kind('proc/iomem') === 'file' && !tree.unreadable.has('proc/iomem')
    ? `/proc/iomem is empty: ${consequence}`
    : lacks(tree, 'proc/iomem', consequence);
}

/** Reads a file that is no archive: what a program printed, or a machine file. */
function readSingleFile(path: string, options: ReadOptions): Machine {
  const text = textOfSource(path, options);
  const captured = capturedIn(text, path);
  return captured
    ? machineOf(captured, path, options)
    : { ...parseMachineFile(text, path), ...given(options) };
}

/** A source that is what a program printed; undefined for any other text. */
function capturedIn(text: string, path: string): OpenedSource | undefined {
  const kind = captureKind(text);
  return kind && { tree: new MemTree(path), captures: [{ kind, text, place: '' }] };
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
export async function openAny(source: string): Promise<OpenedSource | undefined> {
  return isFile(source) && !looksLikeArchive(source)
    ? capturedIn(textOfSource(source, {}), source)
    : openSource(source);
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

function given({ arch, page_size, release }: Known): Known {
  return { ...(arch && { arch }), ...(page_size && { page_size }), ...(release && { release }) };
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
