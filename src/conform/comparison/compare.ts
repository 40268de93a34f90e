import { meminfo } from '../../kernel/fs/proc/meminfo.ts';
import { FIRMWARE, lookup, MEMORY, NODE } from '../../kernel/fs/sysfs.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { type State, zone_key } from '../../kernel/state.ts';
import { parseZoneinfo } from '../../machines/readers/zoneinfo.ts';
import type { FileTree } from '../../machines/sources/tree.ts';
import { compareNvdimm } from '../nvdimm.ts';
import type { Subject, Tally } from '../tally.ts';
import { comparePtdump, compareTables } from './compare-tables.ts';
import { compareX86Tables } from './compare-x86-tables.ts';
import { compareHugetlb } from './hugetlb.ts';
import { compareKpageflags } from './kpageflags.ts';
import { compareMonitorDevices } from './monitor-devices.ts';
import { withoutOtherPciDevices } from './pci-devices.ts';
import { compareSections } from './sections.ts';
import { compareToolLists } from './tool-lists.ts';

const ABSENT = '(absent)';
/** Files and links that do not belong to hotplug, or whose counts differ in any two runs. */
const SKIPPED_NAMES = new Set([
  'uevent',
  'power',
  'subsystem',
  'soft_offline_page',
  'hard_offline_page',
  'probe',
  'crash_hotplug',
]);

function modelText(state: State, k: Kernel, path: string): string {
  const entry = lookup(state, k, path);
  if (!entry) return ABSENT;
  if (entry.kind === 'file') return entry.text;
  return entry.kind === 'link' ? `-> ${entry.target}` : '(directory)';
}

const namesOf = (state: State, k: Kernel, path: string): readonly string[] => {
  const entry = lookup(state, k, path);
  return entry?.kind === 'dir' ? entry.names : [];
};

const byNumber = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true });

function compareBlocks(tally: Tally, tree: FileTree, state: State, k: Kernel): void {
  const root = MEMORY.slice(1);
  const recorded = (tree.list(root) ?? []).filter((name) => /^memory\d+$/.test(name)).sort(byNumber);
  const model = namesOf(state, k, MEMORY).filter((name) => /^memory\d+$/.test(name));
  tally.check('blocks', MEMORY, recorded.join(' '), [...model].sort(byNumber).join(' '));
  for (const name of ['block_size_bytes', 'auto_online_blocks']) {
    const text = tree.readText(`${root}/${name}`);
    if (text !== undefined)
      tally.check('blocks', `${MEMORY}/${name}`, text, modelText(state, k, `${MEMORY}/${name}`));
  }
  for (const block of recorded.filter((name) => model.includes(name))) {
    const path = `${MEMORY}/${block}`;
    const names = new Set([...(tree.list(path.slice(1)) ?? []), ...namesOf(state, k, path)]);
    for (const name of [...names].sort(byNumber)) {
      if (SKIPPED_NAMES.has(name)) continue;
      if (name === 'firmware_node') {
        tally.notCompared.add('firmware_node links: ACPI paths are not modelled');
        continue;
      }
      const file = `${path}/${name}`;
      const target = tree.readlink(file.slice(1));
      const text = target === undefined ? tree.readText(file.slice(1)) : `-> ${target}`;
      const subject = name.startsWith('node') ? 'links' : name === 'valid_zones' ? 'valid_zones' : 'blocks';
      tally.check(subject, file, text ?? ABSENT, modelText(state, k, file));
    }
  }
}

const masks = ['online', 'possible', 'has_memory', 'has_normal_memory', 'has_cpu'];

function compareNodes(tally: Tally, tree: FileTree, state: State, k: Kernel): void {
  const root = NODE.slice(1);
  for (const name of masks) {
    const text = tree.readText(`${root}/${name}`);
    if (text !== undefined)
      tally.check('nodes', `${NODE}/${name}`, text, modelText(state, k, `${NODE}/${name}`));
  }
  const isNode = (name: string): boolean => /^node\d+$/.test(name);
  const recorded = (tree.list(root) ?? []).filter(isNode).sort(byNumber);
  const model = namesOf(state, k, NODE).filter(isNode);
  tally.check('nodes', NODE, recorded.join(' '), [...model].sort(byNumber).join(' '));
  for (const node of recorded.filter((name) => model.includes(name))) {
    const path = `${NODE}/${node}`;
    const links = (names: readonly string[]): string[] =>
      names.filter((n) => /^memory\d+$/.test(n)).sort(byNumber);
    const there = links(tree.list(path.slice(1)) ?? []);
    tally.check('links', path, there.join(' '), links(namesOf(state, k, path)).join(' '));
    for (const name of there) {
      const target = tree.readlink(`${path.slice(1)}/${name}`);
      tally.check(
        'links',
        `${path}/${name}`,
        target ? `-> ${target}` : ABSENT,
        modelText(state, k, `${path}/${name}`),
      );
    }
    for (const name of ['cpulist', 'distance']) {
      const text = tree.readText(`${path.slice(1)}/${name}`);
      if (text !== undefined)
        tally.check('nodes', `${path}/${name}`, text, modelText(state, k, `${path}/${name}`));
    }
  }
}

function compareFirmwareMap(tally: Tally, tree: FileTree, state: State, k: Kernel): void {
  const recorded = tree.list(FIRMWARE.slice(1));
  if (recorded === undefined) return;
  const model = namesOf(state, k, FIRMWARE);
  tally.check(
    'firmware_map',
    FIRMWARE,
    [...recorded].sort(byNumber).join(' '),
    [...model].sort(byNumber).join(' '),
  );
  for (const id of recorded.filter((name) => model.includes(name))) {
    for (const name of ['start', 'end', 'type']) {
      const path = `${FIRMWARE}/${id}/${name}`;
      tally.check('firmware_map', path, tree.readText(path.slice(1)) ?? ABSENT, modelText(state, k, path));
    }
  }
}

/** Compares line by line, so that a difference names the line. */
function compareText(tally: Tally, subject: Subject, path: string, recorded: string, model: string): void {
  const a = recorded.split('\n');
  const b = model.split('\n');
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    if (a[i] === '' && b[i] === '') continue;
    tally.check(subject, `${path} line ${i + 1}`, a[i] ?? ABSENT, b[i] ?? ABSENT);
  }
}

function compareFile(
  tally: Tally,
  subject: Subject,
  path: string,
  tree: FileTree,
  state: State,
  k: Kernel,
): void {
  const recorded = tree.readText(path.slice(1));
  if (recorded === undefined) {
    tally.notCompared.add(`${path}: not recorded`);
    return;
  }
  compareText(tally, subject, path, recorded, modelText(state, k, path));
}

/** PCI devices that come and go are no memory. */
function compareIomem(tally: Tally, tree: FileTree, state: State, k: Kernel): void {
  const path = '/proc/iomem';
  const recorded = tree.readText(path.slice(1));
  const model = modelText(state, k, path);
  if (recorded === undefined) {
    tally.notCompared.add(`${path}: not recorded`);
    return;
  }
  const [left, own] = [withoutOtherPciDevices(recorded, model), withoutOtherPciDevices(model, recorded)];
  if (left !== recorded || own !== model)
    tally.notCompared.add(`${path}: windows of PCI devices that came or went`);
  compareText(tally, 'iomem', path, left, own);
}

function compareZones(tally: Tally, tree: FileTree, state: State, k: Kernel): void {
  const text = tree.readText('proc/zoneinfo');
  if (text === undefined) {
    tally.notCompared.add('/proc/zoneinfo: not recorded');
    return;
  }
  for (const zone of parseZoneinfo(text, tree.source)) {
    const index = k.c.zones.indexOf(zone.name);
    const own = state.zone.get(zone_key(zone.nid, index));
    const what = `node ${zone.nid} ${zone.name}`;
    // start_pfn is printed for a populated zone only
    const start = (pfn: number | undefined): string => (zone.present > 0 ? ` start_pfn ${pfn}` : '');
    tally.check(
      'zones',
      what,
      `spanned ${zone.spanned} present ${zone.present}${start(zone.start_pfn)}`,
      own ? `spanned ${own.spanned_pages} present ${own.present_pages}${start(own.zone_start_pfn)}` : ABSENT,
    );
    tally.check('zones', `${what} managed`, String(zone.managed), String(own?.managed_pages ?? ABSENT));
  }
  tally.notCompared.add('free pages: what memory holds is chance');
}

const PARAMETERS = '/sys/module/memory_hotplug/parameters';

/** The parameters of memory_hotplug. */
function compareParameters(tally: Tally, tree: FileTree, state: State, k: Kernel): void {
  for (const name of tree.list(PARAMETERS.slice(1)) ?? []) {
    const path = `${PARAMETERS}/${name}`;
    const text = tree.readText(path.slice(1));
    if (text !== undefined) tally.check('parameters', path, text, modelText(state, k, path));
  }
}

/** Lines of /proc/meminfo but for what is free: the rest of what the model renders does not depend on programs. */
function compareMeminfo(tally: Tally, tree: FileTree, state: State, k: Kernel): void {
  const recorded = tree.readText('proc/meminfo')?.split('\n') ?? [];
  for (const line of meminfo(state, k)) {
    const name = line.slice(0, line.indexOf(':') + 1);
    const own = recorded.find((text) => text.startsWith(name));
    if (own === undefined || name === 'MemFree:') continue;
    tally.check('meminfo', `/proc/meminfo ${name.slice(0, -1)}`, own, line.trimEnd());
  }
}

/** Lines of a node's meminfo that do not depend on programs. */
function compareNodeMeminfo(tally: Tally, tree: FileTree, state: State, k: Kernel): void {
  for (const { node_id: nid, online } of state.pgdat.values()) {
    const path = `${NODE}/node${nid}/meminfo`;
    const recorded = tree.readText(path.slice(1))?.split('\n');
    if (recorded === undefined || !online) continue;
    for (const line of nodeMeminfo(state, k, nid)) {
      const name = line.slice(0, line.indexOf(':') + 1);
      const own = recorded.find((text) => text.startsWith(name));
      if (own !== undefined) tally.check('meminfo', `${path} ${name.slice(0, -1)}`, own, line);
    }
  }
}

/** The lines as drivers/base/node.c (node_read_meminfo) and mm/hugetlb.c (hugetlb_report_node_meminfo) format them. */
function nodeMeminfo(state: State, k: Kernel, nid: number): string[] {
  const pages = k.c.zones.reduce(
    (sum, _, i) => sum + (state.zone.get(zone_key(nid, i))?.managed_pages ?? 0),
    0,
  );
  const pool = state.hstate.get(k.c.default_hugepage_order);
  const line = (name: string, n: number | undefined, width: number): string =>
    `Node ${nid} ${name}${String(n ?? 0).padStart(width)}`;
  return [
    `${line('MemTotal:       ', (pages * k.c.PAGE_SIZE) / 1024, 8)} kB`,
    line('HugePages_Total: ', pool?.nr_huge_pages_node[nid], 5),
    line('HugePages_Free:  ', pool?.free_huge_pages_node[nid], 5),
    line('HugePages_Surp:  ', pool?.surplus_huge_pages_node[nid], 5),
  ];
}

/** Compares everything in a step's recording that the model renders. */
export function compareState(tally: Tally, tree: FileTree, state: State, k: Kernel): void {
  const { mmu } = state;
  const parts: readonly (() => void)[] = [
    () => compareBlocks(tally, tree, state, k),
    () => compareNodes(tally, tree, state, k),
    () => compareIomem(tally, tree, state, k),
    () => compareFirmwareMap(tally, tree, state, k),
    () => {
      if (!k.c.ARCH_KEEP_MEMBLOCK) return;
      compareFile(tally, 'memblock', '/sys/kernel/debug/memblock/memory', tree, state, k);
      compareFile(tally, 'memblock', '/sys/kernel/debug/memblock/reserved', tree, state, k);
    },
    () => compareZones(tally, tree, state, k),
    () => compareParameters(tally, tree, state, k),
    () => compareHugetlb(tally, tree, state, k),
    () => compareMeminfo(tally, tree, state, k),
    () => compareNodeMeminfo(tally, tree, state, k),
    () => compareNvdimm(tally, tree, state, k),
    () => compareToolLists(tally, tree, state, k),
    () => compareMonitorDevices(tally, tree, state),
    () => compareSections(tally, tree, state, k),
    () => compareKpageflags(tally, tree, state, k),
    () => k.c.arch === 'x86_64' && compareX86Tables(tally, tree, state, k),
    () => k.c.arch === 'arm64' && compareTables(tally, tree, mmu!, k),
    () => k.c.arch === 'arm64' && comparePtdump(tally, tree, state, k),
  ];
  for (const part of parts) tally.attempt(part);
}
