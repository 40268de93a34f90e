import { nd_file } from '../kernel/fs/nd_sysfs.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { nd_namespace_key, type State } from '../kernel/state.ts';
import { NVDIMM_ROOTS } from '../machines/readers/nvdimm.ts';
import type { Op } from '../machines/recording/ops.ts';
import type { FileTree } from '../machines/sources/tree.ts';
import type { Tally } from './tally.ts';

/** Compares regions and namespaces of NVDIMMs with sysfs. */

/**
 * An input that the model cannot know and the recording shows: a namespace that was raw when it was enabled, although
 * its info block had been written. Why the kernel found no info block is not known; the model gets this as an input,
 * and the report says so.
 */
export function lostInfoBlocks(op: Op, tree: FileTree, state: State): string[] {
  if (op.op !== 'ndctl' || op.argv[0] !== 'enable-namespace') return [];
  const root = NVDIMM_ROOTS.find((path) => tree.kind(path) === 'dir');
  const inputs: string[] = [];
  for (const ns of state.nd_namespace.values()) {
    const name = `namespace${ns.region}.${ns.id}`;
    if (
      root === undefined ||
      ns.size === 0 ||
      ns.bound ||
      !(op.argv.includes('all') || op.argv.includes(name))
    )
      continue;
    const region = state.nd_region.get(ns.region)!;
    if (!region.media.some(({ at }) => at === ns.offset)) continue;
    if (tree.readText(`${root}/region${ns.region}/${name}/mode`)?.trim() !== 'raw') continue;
    region.media = region.media.filter(({ at }) => at !== ns.offset);
    inputs.push(`${name} had no info block when it was enabled again`);
  }
  return inputs;
}

const REGION = [
  'align',
  'available_size',
  'max_available_extent',
  'numa_node',
  'resource',
  'size',
  'target_node',
];
const NAMESPACE = ['force_raw', 'holder_class', 'mode', 'resource', 'size'];

export function compareNvdimm(tally: Tally, tree: FileTree, state: State, k: Kernel): void {
  const root = NVDIMM_ROOTS.find((path) => tree.kind(path) === 'dir');
  if (root === undefined) return;
  const names = (path: string, pattern: RegExp): string[] =>
    (tree.list(path) ?? []).filter((name) => pattern.test(name)).sort();
  const check = (path: string, device: string, name: string): void => {
    const text = tree.readText(`${path}/${name}`);
    if (text === undefined || (text === '' && name === 'resource')) return;
    tally.check(
      'namespaces',
      `${device}/${name}`,
      text.trim(),
      (nd_file(state, `/sys/bus/nd/devices/${device}/${name}`, k) ?? '(absent)').trim(),
    );
  };
  const regions = names(root, /^region\d+$/);
  const own = [...state.nd_region.keys()].map((key) => `region${key}`).sort();
  tally.check('namespaces', 'regions', regions.join(' '), own.join(' '));
  for (const region of regions) {
    if (!own.includes(region)) continue;
    for (const name of REGION) check(`${root}/${region}`, region, name);
    const recorded = names(`${root}/${region}`, /^namespace\d+\.\d+$/);
    const key = Number(region.slice('region'.length));
    const model = [...state.nd_namespace.values()]
      .filter((ns) => ns.region === key)
      .map((ns) => `namespace${key}.${ns.id}`)
      .sort();
    tally.check('namespaces', region, recorded.join(' '), model.join(' '));
    for (const ns of recorded) {
      const id = Number(ns.split('.')[1]);
      if (!state.nd_namespace.has(nd_namespace_key(key, id))) continue;
      for (const name of NAMESPACE) check(`${root}/${region}/${ns}`, ns, name);
    }
  }
  tally.notCompared.add(
    'NVDIMM devices: names of pfn, dax and btt instances, uuids, badblocks and other files of sysfs',
  );
}
