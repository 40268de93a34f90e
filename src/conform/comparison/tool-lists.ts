import { z } from 'zod';
import { nd_pfn_name } from '../../kernel/drivers/nvdimm/bus.ts';
import { nd_file } from '../../kernel/fs/nd_sysfs.ts';
import { lookup, MEMORY } from '../../kernel/fs/sysfs.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { nd_namespace_key, type State } from '../../kernel/state.ts';
import type { FileTree } from '../../machines/sources/tree.ts';
import type { Tally } from '../tally.ts';
import { parseJson } from './json.ts';

/** Compares the output of `ndctl list` and `daxctl list` (ndctl/util/json.c). */

const size = z.int().min(0);
const state = z.string().optional();

const namespace = z.object({
  dev: z.string().regex(/^namespace\d{1,4}\.\d{1,3}$/),
  mode: z.string(),
  map: z.string().optional(),
  size,
  align: size.optional(),
  state,
});

const region = z.object({
  dev: z.string().regex(/^region\d{1,4}$/),
  size,
  align: size.optional(),
  available_size: size.optional(),
  max_available_extent: size.optional(),
  state,
  namespaces: z.array(namespace).optional(),
});

const ndctl = z.object({ regions: z.array(region).optional() });

const daxDevice = z.object({
  chardev: z.string(),
  size,
  target_node: z.int(),
  align: size,
  mode: z.string(),
  state,
  online_memblocks: z.int().optional(),
  total_memblocks: z.int().optional(),
  movable: z.boolean().optional(),
  mappings: z.array(z.object({ start: size, end: size })).optional(),
});

const daxctl = z.array(z.object({ devices: z.array(daxDevice).optional() }));

/** The output up to a second run of the tool, whose command line begins with `#`; empty if it listed nothing. */
const firstList = (text: string): string => text.split(/^#/m)[0]!.trim();

function listOf<T>(tally: Tally, tree: FileTree, name: string, schema: z.ZodType<T>): T | undefined {
  const text = firstList(tree.readText(name) ?? '');
  if (text === '') return undefined;
  const list = schema.safeParse(parseJson(text));
  if (!list.success) tally.notCompared.add(`${name}: is no list of devices that is known here`);
  return list.data;
}

const MODES: Readonly<Record<string, string>> = {
  memory: 'fsdax',
  dax: 'devdax',
  safe: 'sector',
  raw: 'raw',
};
const MAPS = { none: '', ram: 'mem', pmem: 'dev' } as const;

/** The model's namespace in the words of the tool; null if there is none. */
function modelNamespace(state: State, k: Kernel, dev: string): Record<string, unknown> | null {
  const [, of, id] = /^namespace(\d+)\.(\d+)$/.exec(dev) ?? [];
  const ns = state.nd_namespace.get(nd_namespace_key(Number(of), Number(id)));
  if (!ns) return null;
  const claim = state.nd_pfn.get(ns.claim);
  const sysfs = nd_file(state, `/sys/bus/nd/devices/${dev}/mode`, k)?.trim() ?? '';
  const usable = claim && nd_file(state, `/sys/bus/nd/devices/${nd_pfn_name(claim)}/size`, k);
  const mode = MODES[sysfs] ?? sysfs;
  const map = claim && claim.kind !== 'btt' ? MAPS[claim.mode] : mode === 'fsdax' ? 'mem' : undefined;
  return {
    mode,
    ...(map !== undefined && { map }),
    // what a BTT keeps of it depends on its arenas
    ...(mode !== 'sector' && { size: usable == null ? ns.size : Number(usable) }),
    ...(claim && claim.kind !== 'btt' && { align: claim.align }),
    ...(!(claim ? claim.bound : ns.bound) && { state: 'disabled' }),
  };
}

const text = (value: Readonly<Record<string, unknown>> | null): string =>
  value === null
    ? '(absent)'
    : Object.entries(value)
        .filter(([, one]) => one !== undefined)
        .map(([key, one]) => `${key} ${one}`)
        .join(', ');

/** The tool does not read these where no label says what is allocated (libndctl: only PMEM namespaces have them). */
const UNALLOCATED = ['available_size', 'max_available_extent'];

function compareNdctl(tally: Tally, tree: FileTree, state: State, k: Kernel): void {
  const list = listOf(tally, tree, 'ndctl-list.json', ndctl);
  for (const { dev, namespaces = [], ...recorded } of list?.regions ?? []) {
    const own = state.nd_region.get(Number(dev.slice('region'.length)));
    const number = (name: string): number => Number(nd_file(state, `/sys/bus/nd/devices/${dev}/${name}`, k));
    const model: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(recorded)) {
      if (name === 'state') model[name] = own?.enabled ? undefined : 'disabled';
      else if (UNALLOCATED.includes(name) && own?.labels === null) model[name] = 0;
      else if (value !== undefined) model[name] = number(name);
    }
    tally.check('namespaces', `ndctl list ${dev}`, text(recorded), own ? text(model) : '(absent)');
    for (const { dev, mode, map, size, align, state: is } of namespaces) {
      const named = { mode, map, ...(mode !== 'sector' && { size }), align, state: is };
      tally.check('namespaces', `ndctl list ${dev}`, text(named), text(modelNamespace(state, k, dev)));
    }
  }
}

type DaxDevice = z.infer<typeof daxDevice>;

/** The model's device-dax instance in the words of the tool, as far as they are recorded. */
function modelDax(state: State, k: Kernel, recorded: DaxDevice): DaxDevice | null {
  const dax = [...state.dev_dax.values()].find(({ name }) => name === recorded.chardev);
  if (!dax) return null;
  const bytes = k.c.memory_block_size_bytes;
  const blocks = [...state.memory_block.keys()].filter((id) =>
    dax.ranges.some(({ start, size }) => id * bytes >= start && (id + 1) * bytes <= start + size),
  );
  const read = (id: number, name: string): string => {
    const entry = lookup(state, k, `${MEMORY}/memory${id}/${name}`);
    return entry?.kind === 'file' ? entry.text.trim() : '';
  };
  const online = blocks.filter((id) => read(id, 'state') === 'online');
  const kmem = dax.driver === 'kmem';
  return {
    chardev: dax.name,
    size: dax.ranges.reduce((sum, { size }) => sum + size, 0),
    target_node: dax.target_node,
    align: dax.align,
    mode: kmem ? 'system-ram' : 'devdax',
    state: dax.driver === 'none' ? 'disabled' : undefined,
    online_memblocks: kmem ? online.length : undefined,
    total_memblocks: kmem ? blocks.length : undefined,
    movable:
      recorded.movable === undefined
        ? undefined
        : online.every((id) => read(id, 'valid_zones') === 'Movable'),
    mappings: recorded.mappings && dax.ranges.map(({ start, size }) => ({ start, end: start + size - 1 })),
  };
}

const daxText = (dax: DaxDevice | null): string =>
  dax === null
    ? '(absent)'
    : text({ ...dax, mappings: dax.mappings?.map(({ start, end }) => `${start}-${end}`).join(' ') });

function compareDaxctl(tally: Tally, tree: FileTree, state: State, k: Kernel): void {
  const list = listOf(tally, tree, 'daxctl-list.json', daxctl);
  for (const recorded of list?.flatMap(({ devices = [] }) => devices) ?? []) {
    const what = `daxctl list ${recorded.chardev}`;
    tally.check('namespaces', what, daxText({ ...sorted(recorded) }), daxText(modelDax(state, k, recorded)));
  }
}

/** In the order in which the model's is written. */
const sorted = (dax: DaxDevice): DaxDevice => ({
  chardev: dax.chardev,
  size: dax.size,
  target_node: dax.target_node,
  align: dax.align,
  mode: dax.mode,
  state: dax.state,
  online_memblocks: dax.online_memblocks,
  total_memblocks: dax.total_memblocks,
  movable: dax.movable,
  mappings: dax.mappings,
});

export function compareToolLists(tally: Tally, tree: FileTree, state: State, k: Kernel): void {
  compareNdctl(tally, tree, state, k);
  compareDaxctl(tally, tree, state, k);
}
