import { FIRMWARE, lookup, MEMORY, NODE } from '../kernel/fs/sysfs.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { type State, zone_key } from '../kernel/state.ts';
import { parseZoneinfo } from '../machines/readers/zoneinfo.ts';
import type { FileTree } from '../machines/sources/tree.ts';
import { compare_hugetlb } from './hugetlb.ts';
import { compare_nvdimm } from './nvdimm.ts';
import { compare_sections } from './sections.ts';
import { compare_ptdump, compare_tables } from './tables.ts';
import type { Subject, Tally } from './tally.ts';

const ABSENT = '(absent)';
/** Files and links that hotplug does not own, or that count what no two runs have alike. */
const SKIPPED_NAMES = new Set([
  'uevent',
  'power',
  'subsystem',
  'soft_offline_page',
  'hard_offline_page',
  'probe',
  'crash_hotplug',
]);

function model_text(state: State, k: Kernel, path: string): string {
  const entry = lookup(state, k, path);
  if (!entry) return ABSENT;
  if (entry.kind === 'file') return entry.text;
  return entry.kind === 'link' ? `-> ${entry.target}` : '(directory)';
}

const names_of = (state: State, k: Kernel, path: string): readonly string[] => {
  const entry = lookup(state, k, path);
  return entry?.kind === 'dir' ? entry.names : [];
};

const by_number = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true });

function compare_blocks(tally: Tally, tree: FileTree, state: State, k: Kernel): void {
  const root = MEMORY.slice(1);
  const recorded = (tree.list(root) ?? []).filter((name) => /^memory\d+$/.test(name)).sort(by_number);
  const model = names_of(state, k, MEMORY).filter((name) => /^memory\d+$/.test(name));
  tally.check('blocks', MEMORY, recorded.join(' '), [...model].sort(by_number).join(' '));
  for (const name of ['block_size_bytes', 'auto_online_blocks']) {
    const text = tree.readText(`${root}/${name}`);
    if (text !== undefined)
      tally.check('blocks', `${MEMORY}/${name}`, text, model_text(state, k, `${MEMORY}/${name}`));
  }
  for (const block of recorded.filter((name) => model.includes(name))) {
    const path = `${MEMORY}/${block}`;
    const names = new Set([...(tree.list(path.slice(1)) ?? []), ...names_of(state, k, path)]);
    for (const name of [...names].sort(by_number)) {
      if (SKIPPED_NAMES.has(name)) continue;
      if (name === 'firmware_node') {
        tally.not_compared.add('firmware_node links: ACPI paths are not modelled');
        continue;
      }
      const file = `${path}/${name}`;
      const target = tree.readlink(file.slice(1));
      const text = target === undefined ? tree.readText(file.slice(1)) : `-> ${target}`;
      const subject = name.startsWith('node') ? 'links' : name === 'valid_zones' ? 'valid_zones' : 'blocks';
      tally.check(subject, file, text ?? ABSENT, model_text(state, k, file));
    }
  }
}

const masks = ['online', 'possible', 'has_memory', 'has_normal_memory', 'has_cpu'];

function compare_nodes(tally: Tally, tree: FileTree, state: State, k: Kernel): void {
  const root = NODE.slice(1);
  for (const name of masks) {
    const text = tree.readText(`${root}/${name}`);
    if (text !== undefined)
      tally.check('nodes', `${NODE}/${name}`, text, model_text(state, k, `${NODE}/${name}`));
  }
  const is_node = (name: string): boolean => /^node\d+$/.test(name);
  const recorded = (tree.list(root) ?? []).filter(is_node).sort(by_number);
  const model = names_of(state, k, NODE).filter(is_node);
  tally.check('nodes', NODE, recorded.join(' '), [...model].sort(by_number).join(' '));
  for (const node of recorded.filter((name) => model.includes(name))) {
    const path = `${NODE}/${node}`;
    const links = (names: readonly string[]): string[] =>
      names.filter((n) => /^memory\d+$/.test(n)).sort(by_number);
    const there = links(tree.list(path.slice(1)) ?? []);
    tally.check('links', path, there.join(' '), links(names_of(state, k, path)).join(' '));
    for (const name of there) {
      const target = tree.readlink(`${path.slice(1)}/${name}`);
      tally.check(
        'links',
        `${path}/${name}`,
        target ? `-> ${target}` : ABSENT,
        model_text(state, k, `${path}/${name}`),
      );
    }
    for (const name of ['cpulist', 'distance']) {
      const text = tree.readText(`${path.slice(1)}/${name}`);
      if (text !== undefined)
        tally.check('nodes', `${path}/${name}`, text, model_text(state, k, `${path}/${name}`));
    }
  }
}

function compare_firmware_map(tally: Tally, tree: FileTree, state: State, k: Kernel): void {
  const recorded = tree.list(FIRMWARE.slice(1));
  if (recorded === undefined) return;
  const model = names_of(state, k, FIRMWARE);
  tally.check(
    'firmware_map',
    FIRMWARE,
    [...recorded].sort(by_number).join(' '),
    [...model].sort(by_number).join(' '),
  );
  for (const id of recorded.filter((name) => model.includes(name))) {
    for (const name of ['start', 'end', 'type']) {
      const path = `${FIRMWARE}/${id}/${name}`;
      tally.check('firmware_map', path, tree.readText(path.slice(1)) ?? ABSENT, model_text(state, k, path));
    }
  }
}

/** Line by line, so that a difference names the line. */
function compare_text(tally: Tally, subject: Subject, path: string, recorded: string, model: string): void {
  const a = recorded.split('\n');
  const b = model.split('\n');
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    if (a[i] === '' && b[i] === '') continue;
    tally.check(subject, `${path} line ${i + 1}`, a[i] ?? ABSENT, b[i] ?? ABSENT);
  }
}

function compare_file(
  tally: Tally,
  subject: Subject,
  path: string,
  tree: FileTree,
  state: State,
  k: Kernel,
): void {
  const recorded = tree.readText(path.slice(1));
  if (recorded === undefined) {
    tally.not_compared.add(`${path}: not recorded`);
    return;
  }
  compare_text(tally, subject, path, recorded, model_text(state, k, path));
}

function compare_zones(tally: Tally, tree: FileTree, state: State, k: Kernel): void {
  const text = tree.readText('proc/zoneinfo');
  if (text === undefined) {
    tally.not_compared.add('/proc/zoneinfo: not recorded');
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
  }
  tally.not_compared.add('managed and free pages: what boot memory holds is not reproducible');
}

/** Everything a step recorded that the model renders. */
export function compare_state(tally: Tally, tree: FileTree, state: State, k: Kernel): void {
  compare_blocks(tally, tree, state, k);
  compare_nodes(tally, tree, state, k);
  compare_file(tally, 'iomem', '/proc/iomem', tree, state, k);
  compare_firmware_map(tally, tree, state, k);
  if (k.c.ARCH_KEEP_MEMBLOCK) {
    compare_file(tally, 'memblock', '/sys/kernel/debug/memblock/memory', tree, state, k);
    compare_file(tally, 'memblock', '/sys/kernel/debug/memblock/reserved', tree, state, k);
  }
  compare_zones(tally, tree, state, k);
  compare_hugetlb(tally, tree, state, k);
  compare_nvdimm(tally, tree, state);
  compare_sections(tally, tree, state, k);
  if (!state.mmu) return;
  compare_tables(tally, tree, state.mmu, k);
  compare_ptdump(tally, tree, state, k);
}
