import type { Steps } from '../../steps/step.ts';
import type { Kernel } from '../kernel.ts';
import { kstrtobool } from '../lib/kstrtox.ts';
import { list_text } from '../lib/vsprintf.ts';
import { hstate_attributes, hstate_names, hstate_order } from '../mm/hugetlb/hugetlb_sysfs.ts';
import { online_policies } from '../mm/memory_hotplug/zone_for_pfn_range.ts';
import { vmstat } from '../mm/vmstat.ts';
import { R, W } from '../ops.ts';
import { MEMBLOCK_MEMORY, MEMBLOCK_RESERVED, NUMA_NO_NODE, type State } from '../state.ts';
import { driver_directory, driver_store } from './driver_sysfs.ts';
import { bus_devices, DAX, ND, nd_file, nd_store } from './nd_sysfs.ts';
import { iomem, memblock, zoneinfo } from './proc/files.ts';
import { meminfo } from './proc/meminfo.ts';
import { read_through } from './read_through.ts';

/** Maps paths of sysfs, debugfs and /proc to kernel functions. */

export const MEMORY = '/sys/devices/system/memory';
export const NODE = '/sys/devices/system/node';
const PARAMETERS = '/sys/module/memory_hotplug/parameters';
export const HUGEPAGES = '/sys/kernel/mm/hugepages';
export const FIRMWARE = '/sys/firmware/memmap';
const NOTIFIER_ERROR = '/sys/kernel/debug/notifier-error-inject/memory/actions';

/** The kind of a path: a text file, a link, a directory; null if nothing is there. */
export type SysfsEntry =
  | { readonly kind: 'file'; readonly text: string }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'dir'; readonly names: readonly string[] };

const sorted = (ids: Iterable<number>): number[] => [...ids].sort((a, b) => a - b);
const file = (text: string): SysfsEntry => ({ kind: 'file', text });
const link = (target: string): SysfsEntry => ({ kind: 'link', target });
const dir = (names: readonly string[]): SysfsEntry => ({ kind: 'dir', names });

const block_files = ['online', 'phys_device', 'phys_index', 'removable', 'state', 'valid_zones'];

function block_entry(state: State, k: Kernel, id: number, name: string | undefined): SysfsEntry | null {
  const block = state.memory_block.get(id);
  if (!block) return null;
  if (name === undefined) return dir([...block.links.map((nid) => `node${nid}`), ...block_files]);
  const node = /^node(\d+)$/.exec(name);
  if (node) return block.links.includes(Number(node[1])) ? link(`../../node/${name}`) : null;
  switch (name) {
    case 'online':
      return file(read_through(state, k.online_show(id)));
    case 'phys_device':
      return file(k.phys_device_show());
    case 'phys_index':
      return file(k.phys_index_show(id));
    case 'removable':
      return file(read_through(state, k.removable_show(id)));
    case 'state':
      return file(read_through(state, k.state_show(id)));
    case 'valid_zones':
      return file(read_through(state, k.valid_zones_show(id)));
    default:
      return null;
  }
}

function memory_entry(state: State, k: Kernel, parts: readonly string[]): SysfsEntry | null {
  const [name, attribute, ...rest] = parts;
  if (rest.length) return null;
  if (name === undefined) {
    const blocks = sorted(state.memory_block.keys()).map((id) => `memory${id}`);
    return dir([
      'auto_online_blocks',
      'block_size_bytes',
      'hard_offline_page',
      ...(k.c.ARCH_MEMORY_PROBE ? ['probe'] : []),
      'soft_offline_page',
      ...blocks,
    ]);
  }
  const block = /^memory(\d+)$/.exec(name);
  if (block) return block_entry(state, k, Number(block[1]), attribute);
  if (attribute !== undefined) return null;
  if (name === 'auto_online_blocks') return file(read_through(state, k.auto_online_blocks_show()));
  if (name === 'block_size_bytes') return file(k.block_size_bytes_show());
  return null;
}

const node_masks: Readonly<Record<string, (state: State, nid: number) => boolean>> = {
  has_cpu: (state, nid) => state.pgdat.get(nid)!.cpus.length > 0 && state.pgdat.get(nid)!.online,
  has_memory: (state, nid) => state.pgdat.get(nid)!.n_memory,
  has_normal_memory: (state, nid) => state.pgdat.get(nid)!.n_normal_memory,
  online: (state, nid) => state.pgdat.get(nid)!.online,
  possible: () => true,
};

function hugepages_entry(state: State, k: Kernel, nid: number, parts: readonly string[]): SysfsEntry | null {
  const [size, name, ...rest] = parts;
  if (rest.length) return null;
  if (size === undefined) return dir(hstate_names(k.c));
  const order = hstate_order(k.c, size);
  if (order < 0) return null;
  if (name === undefined) return dir(hstate_attributes(k, order, nid));
  return hstate_attributes(k, order, nid).includes(name)
    ? file(read_through(state, k.$hstate_show(order, nid, name)))
    : null;
}

function node_entry(state: State, k: Kernel, parts: readonly string[]): SysfsEntry | null {
  const [name, attribute, ...rest] = parts;
  if (rest.length && attribute !== 'hugepages') return null;
  const nids = sorted(state.pgdat.keys());
  const registered = nids.filter((nid) => state.pgdat.get(nid)!.registered);
  if (name === undefined) return dir([...Object.keys(node_masks), ...registered.map((nid) => `node${nid}`)]);
  const mask = node_masks[name];
  if (mask)
    return attribute === undefined ? file(`${list_text(nids.filter((n) => mask(state, n)))}\n`) : null;
  const node = state.pgdat.get(Number(/^node(\d+)$/.exec(name)?.[1] ?? -1));
  if (!node?.registered) return null;
  if (attribute === undefined) {
    const links: string[] = [];
    for (const run of node.links.in(0, Number.MAX_SAFE_INTEGER)) {
      if (run.value) for (let id = run.start; id < run.end; id++) links.push(`memory${id}`);
    }
    const hugepages = k.$node_has_hugepages(state, node.node_id) ? ['hugepages'] : [];
    return dir(['cpulist', 'distance', ...hugepages, ...links]);
  }
  if (attribute === 'hugepages') {
    return k.$node_has_hugepages(state, node.node_id) ? hugepages_entry(state, k, node.node_id, rest) : null;
  }
  if (attribute === 'cpulist') return file(`${list_text(node.cpus)}\n`);
  if (attribute === 'distance') {
    const online = nids.filter((nid) => state.pgdat.get(nid)!.online);
    return file(`${online.map((to) => node.distance[to] ?? (to === node.node_id ? 10 : 20)).join(' ')}\n`);
  }
  const block = /^memory(\d+)$/.exec(attribute);
  return block && node.links.get(Number(block[1])) ? link(`../../memory/${attribute}`) : null;
}

function parameter(state: State, k: Kernel, name: string): SysfsEntry | null {
  const vars = state.vars.get(0)!;
  switch (name) {
    case 'auto_movable_numa_aware':
      return file(vars.auto_movable_numa_aware ? 'Y\n' : 'N\n');
    case 'auto_movable_ratio':
      return file(`${vars.auto_movable_ratio}\n`);
    case 'memmap_on_memory':
      if (k.c.memmap_on_memory_force) return file('force\n');
      return file(k.c.memmap_on_memory ? 'Y\n' : 'N\n');
    case 'online_policy':
      return file(`${online_policies[vars.online_policy]}\n`);
    default:
      return null;
  }
}

function firmware_entry(state: State, parts: readonly string[]): SysfsEntry | null {
  const [id, name, ...rest] = parts;
  if (rest.length) return null;
  if (id === undefined) return dir(state.firmware_map.map((entry) => String(entry.id)));
  const entry = state.firmware_map.find((e) => String(e.id) === id);
  if (!entry) return null;
  if (name === undefined) return dir(['end', 'start', 'type']);
  if (name === 'start' || name === 'end') return file(`0x${entry[name].toString(16)}\n`);
  return name === 'type' ? file(`${entry.type}\n`) : null;
}

/** Looks a path up; null if the modelled kernel has nothing there. */
export function lookup(state: State, k: Kernel, path: string): SysfsEntry | null {
  const clean = path.replace(/\/+$/, '');
  const below = (root: string): readonly string[] | null =>
    clean === root ? [] : clean.startsWith(`${root}/`) ? clean.slice(root.length + 1).split('/') : null;
  const memory = below(MEMORY);
  if (memory) return memory_entry(state, k, memory);
  const node = below(NODE);
  if (node) return node_entry(state, k, node);
  const hugepages = below(HUGEPAGES);
  if (hugepages) return hugepages_entry(state, k, NUMA_NO_NODE, hugepages);
  const parameters = below(PARAMETERS);
  if (parameters?.length === 0) return k.c.parameters.length ? dir(k.c.parameters) : null;
  if (parameters?.length === 1 && k.c.parameters.includes(parameters[0]!))
    return parameter(state, k, parameters[0]!);
  const firmware = below(FIRMWARE);
  if (firmware && k.c.FIRMWARE_MEMMAP) return firmware_entry(state, firmware);
  const nd = nd_file(state, clean, k);
  if (nd !== null) return file(nd);
  const bound = driver_directory(state, k, clean);
  if (bound) return dir(bound);
  if (clean === ND || clean === DAX) return dir(bus_devices(state, clean === ND ? 'nd' : 'dax').sort());
  if (clean === '/proc/iomem') return file([...iomem(state)].join(''));
  if (clean === '/proc/vmstat') return 'memmap_pages_add' in k ? file(vmstat(state)) : null;
  if (clean === '/proc/meminfo') return file([...meminfo(state, k)].join(''));
  if (clean === '/proc/zoneinfo') return file([...zoneinfo(state, k)].join(''));
  const arrays: Readonly<Record<string, number>> = {
    '/sys/kernel/debug/memblock/memory': MEMBLOCK_MEMORY,
    '/sys/kernel/debug/memblock/reserved': MEMBLOCK_RESERVED,
  };
  const type = arrays[clean];
  if (type === undefined || !k.c.ARCH_KEEP_MEMBLOCK) return null;
  return file([...memblock(state.memblock_type.get(type)!.regions, k.c.memblock_columns)].join(''));
}

/** 0 or a negative errno; anything else is -EINVAL. */
function* store_notifier_error(k: Kernel, action: string, text: string): Steps<number> {
  const error = /^-?\d{1,4}\n?$/.test(text) ? Number(text) : 1;
  if (error > 0 || error < -4095) return -k.errno.EINVAL;
  const errors = yield* R('vars', 0, 'notifier_error');
  yield* W('vars', 0, 'notifier_error', { ...errors, [action]: error });
  return 0;
}

/** kstrtouint: decimal or 0x; null for anything else. */
const unsigned = (text: string): number | null =>
  /^(0[xX][0-9a-fA-F]{1,8}|\d{1,10})\n?$/.test(text) ? Number(text) : null;

function* store_parameter(k: Kernel, name: string, text: string): Steps<number> {
  if (name === 'online_policy') return yield* k.set_online_policy(text);
  if (name === 'auto_movable_ratio') {
    const ratio = unsigned(text);
    if (ratio === null || ratio > 0xffffffff) return -k.errno.EINVAL;
    yield* W('vars', 0, 'auto_movable_ratio', ratio);
    return 0;
  }
  if (name === 'auto_movable_numa_aware') {
    const value = kstrtobool(text, k.c);
    if (value === null) return -k.errno.EINVAL;
    yield* W('vars', 0, 'auto_movable_numa_aware', value);
    return 0;
  }
  return -k.errno.EACCES;
}

/** The write function of a path: its steps, "denied" for a read-only file, null if the path is not modelled. */
export function store(state: State, k: Kernel, path: string, text: string): Steps<number> | 'denied' | null {
  const block = /^\/sys\/devices\/system\/memory\/memory(\d+)\/(\w+)$/.exec(path);
  if (block && state.memory_block.has(Number(block[1]))) {
    if (block[2] === 'state') return k.state_store(Number(block[1]), text);
    if (block[2] === 'online') return k.online_store(Number(block[1]), text);
  }
  const pool =
    /^\/sys\/(?:devices\/system\/node\/node(\d+)|kernel\/mm)\/hugepages\/([^/]+)\/(nr_hugepages|demote|demote_size)$/.exec(
      path,
    );
  if (pool && lookup(state, k, path)) {
    const nid = pool[1] === undefined ? NUMA_NO_NODE : Number(pool[1]);
    const order = hstate_order(k.c, pool[2]!);
    if (pool[3] === 'demote') return k.demote_store(order, nid, text);
    if (pool[3] === 'demote_size') return k.demote_size_store(order, text);
    return k.nr_hugepages_store(order, nid, text);
  }
  const device = nd_store(state, path, text, k) ?? driver_store(path, text, k);
  if (device) return device;
  if (path === `${MEMORY}/auto_online_blocks`) return k.auto_online_blocks_store(text);
  if (path === `${MEMORY}/probe` && k.c.ARCH_MEMORY_PROBE) return k.probe_store(text);
  if (path === `${MEMORY}/hard_offline_page`) return k.hard_offline_page_store(text);
  if (path === `${MEMORY}/soft_offline_page`) return k.soft_offline_page_store(text);
  if (path.startsWith(`${PARAMETERS}/`)) {
    const name = path.slice(PARAMETERS.length + 1);
    if (k.c.parameters.includes(name)) return store_parameter(k, name, text);
  }
  const action = /^MEM_GOING_(?:ONLINE|OFFLINE)\/error$/.exec(path.slice(NOTIFIER_ERROR.length + 1));
  if (path.startsWith(`${NOTIFIER_ERROR}/`) && action) {
    return store_notifier_error(k, action[0].split('/')[0]!, text);
  }
  return lookup(state, k, path)?.kind === 'file' ? 'denied' : null;
}
