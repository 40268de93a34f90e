import { type Capture, captureKind, sosCaptures } from './captures/captures.ts';
import { type PrintedDevices, parseDevices } from './captures/device-json.ts';
import { type BootMessages, isDmesg, parseDmesg } from './captures/dmesg.ts';
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
import { placeDevices, withNodes } from './readers/printed-devices.ts';
import { holesOf, ramOf } from './readers/ram.ts';
import { parseZoneinfo } from './readers/zoneinfo.ts';
import type { OpenedSource } from './sources/chosen.ts';
import { LINKS } from './sources/links.ts';
import { MemTree } from './sources/mem-tree.ts';
import type { FileTree } from './sources/tree.ts';

/** A machine from what has been read already; a browser can do this as well. */

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
  const boot = readDmesg(captures);
  const bootRam = boot?.ram.length ? boot.ram : bootRamOf(tree, recorded?.top);
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
  const ram = ramFrom(placed, boot);
  const printed = readDevices(captures);
  const devices =
    printed &&
    placeDevices(printed, {
      ...who,
      iomem: addressed,
      blocks,
      block_size: read?.block_size ?? boot?.block_size,
      ram: ram.ram,
    });
  const nvdimm =
    readNvdimm(tree) ?? (devices?.nvdimm.length ? devices.nvdimm : iomem && nvdimmOfIomem(iomem));
  const cxl = cxlOf(iomem, devices?.cxl);
  const memoryNodes =
    nodes?.nodes ?? (devices?.ram ?? []).map(({ nid }) => ({ nid, online: true, cpus: [] }));
  const possible = devices ? withNodes(memoryNodes, devices.nodes) : nodes?.nodes;
  const missing = [
    ...unidentified,
    ...[...tree.unreadable].flatMap(([path, why]) => (path.startsWith(LINKS) ? [`${path}: ${why}`] : [])),
    ...(devices?.notes ?? []),
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
    ...(devices?.block_size && { block_size: devices.block_size }),
    ...ram,
    ...(devices?.ram && { ram: devices.ram }),
    ...(blocks && bootRam && { boot_ram: bootRam }),
    ...(placed && { holes: holesOf(placed.iomem, placed.blocks, placed.block_size) }),
    ...(iomem && { iomem }),
    ...(memblock && { memblock }),
    ...(blocks && { blocks }),
    ...(possible && { nodes: possible }),
    ...(zones && { zones }),
    ...(config && { config }),
    ...(Object.keys(params).length > 0 && { params }),
    ...(firmwareMap && { firmware_map: firmwareMap }),
    ...(tables && { tables }),
    ...(nvdimm && { nvdimm }),
    ...(cxl && { cxl }),
    ...(devices?.dax.length && { dax: devices.dax }),
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

function readDevices(captures: readonly Capture[]): PrintedDevices | undefined {
  const texts = captures.filter(({ kind }) => kind === 'devices').map(({ text }) => text);
  return texts.length === 0 ? undefined : parseDevices(texts);
}

function readDmesg(captures: readonly Capture[]): BootMessages | undefined {
  const capture = captures.find(({ kind }) => kind === 'dmesg');
  return capture && parseDmesg(capture.text);
}

/** The RAM of the boot, from the messages beside the files; undefined if they do not begin with the boot. */
function bootRamOf(tree: FileTree, top: FileTree | undefined): readonly RamRange[] | undefined {
  for (const text of [tree.readText('dmesg'), top?.readText('boot.dmesg')]) {
    if (text === undefined || !isDmesg(text)) continue;
    const { ram } = parseDmesg(text);
    if (ram.length > 0) return ram;
  }
  return undefined;
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

/** A machine from the text of a file that is no archive: what a program printed, or a machine file. @throws InputError */
export function machineOfText(text: string, source: string, known: Known = {}): Machine {
  const captured = capturedIn(text, source);
  return captured
    ? machineOf(captured, source, known)
    : { ...parseMachineFile(text, source), ...given(known) };
}

/** A source that is what a program printed; undefined for any other text. */
export function capturedIn(text: string, path: string): OpenedSource | undefined {
  const kind = captureKind(text);
  return kind && { tree: new MemTree(path), captures: [{ kind, text, place: '' }] };
}

function given({ arch, page_size, release }: Known): Known {
  return { ...(arch && { arch }), ...(page_size && { page_size }), ...(release && { release }) };
}
