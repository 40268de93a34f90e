import type { Steps } from '../../steps/step.ts';
import { dax_region } from '../drivers/dax/dax_region.ts';
import { nd_device, nd_pfn_name } from '../drivers/nvdimm/bus.ts';
import { nd_pfn_supported_alignments } from '../drivers/nvdimm/pfn_devs.ts';
import { allocatable_dpa, available_dpa } from '../drivers/nvdimm/region_devs.ts';
import type { Kernel } from '../kernel.ts';
import { kstrtobool } from '../lib/kstrtox.ts';
import { W } from '../ops.ts';
import type { nd_pfn, nd_region, State } from '../state.ts';
import { read_through } from './read_through.ts';

/** The modelled files below /sys/bus/nd/devices and /sys/bus/dax/devices. */

export const ND = '/sys/bus/nd/devices';
export const DAX = '/sys/bus/dax/devices';

const hex = (n: number): string => `0x${n.toString(16)}\n`;

type RegionFile = (region: nd_region, state: State, key: number) => string;

const seed = (state: State, key: number): string => {
  const instance = state.nd_pfn.get(key);
  return instance ? `${nd_pfn_name(instance)}\n` : '\n';
};

const REGION: Readonly<Record<string, RegionFile>> = {
  align: ({ align }) => hex(align),
  available_size: (_, state, key) => `${available_dpa(state, key)}\n`,
  btt_seed: ({ btt_seed }, state) => seed(state, btt_seed),
  dax_seed: ({ dax_seed }, state) => seed(state, dax_seed),
  max_available_extent: (_, state, key) => `${allocatable_dpa.run(state, key)}\n`,
  namespace_seed: ({ ns_seed }, _, key) => (ns_seed < 0 ? '\n' : `namespace${key}.${ns_seed}\n`),
  numa_node: ({ nid }) => `${nid}\n`,
  pfn_seed: ({ pfn_seed }, state) => seed(state, pfn_seed),
  resource: ({ start }) => hex(start),
  size: ({ size }) => `${size}\n`,
  target_node: ({ target_node }) => `${target_node}\n`,
};

const MODE = { pfn: 'memory', dax: 'dax', btt: 'safe' } as const;

function namespace_file(state: State, k: Kernel, key: number, name: string): string | null {
  const ns = state.nd_namespace.get(key)!;
  const claim = state.nd_pfn.get(ns.claim);
  switch (name) {
    case 'size':
      return `${ns.size}\n`;
    case 'force_raw':
      return ns.force_raw ? '1\n' : '0\n';
    case 'holder':
      return claim ? `${nd_pfn_name(claim)}\n` : '\n';
    case 'holder_class':
      return ns.claim_class === 'none' ? '\n' : `${ns.claim_class}\n`;
    case 'mode':
      if (claim) return `${MODE[claim.kind]}\n`;
      return read_through(state, k.pmem_should_map_pages(key)) ? 'memory\n' : 'raw\n';
    case 'resource':
      return ns.size > 0 ? hex(state.nd_region.get(ns.region)!.start + ns.offset) : null;
    case 'uuid':
      return ns.io ? null : `${ns.uuid}\n`;
    default:
      return null;
  }
}

/** Reading size or resource of an instance without a driver is -ENXIO: there is no text. */
function instance_file(state: State, k: Kernel, nd_pfn: nd_pfn, name: string): string | null {
  const ns = state.nd_namespace.get(nd_pfn.ndns);
  if (name === 'uuid') return `${nd_pfn.uuid}\n`;
  if (name === 'namespace') return ns ? `namespace${ns.region}.${ns.id}\n` : '\n';
  if (nd_pfn.kind === 'btt') return null;
  if (name === 'mode') return `${nd_pfn.mode}\n`;
  if (name === 'align') return `${nd_pfn.align}\n`;
  if (name === 'supported_alignments') return `${nd_pfn_supported_alignments(k.c).join(' ')} \n`;
  const sb = nd_pfn.pfn_sb;
  if (!nd_pfn.bound || !ns || !sb) return null;
  if (name === 'resource')
    return hex(state.nd_region.get(ns.region)!.start + ns.offset + sb.start_pad + sb.dataoff);
  return name === 'size' ? `${ns.size - sb.start_pad - sb.end_trunc - sb.dataoff}\n` : null;
}

function dax_file(state: State, name: string, file: string): string | null {
  const dax = [...state.dev_dax.values()].find((one) => one.name === name);
  if (!dax) return null;
  if (file === 'size') return `${dax.ranges.reduce((sum, { size }) => sum + size, 0)}\n`;
  if (file === 'align') return `${dax.align}\n`;
  if (file === 'target_node') return `${dax.target_node}\n`;
  // without a range PHYS_ADDR_MAX, 2^64 - 1
  return file === 'resource' ? (dax.ranges[0] ? hex(dax.ranges[0].start) : `0x${'f'.repeat(16)}\n`) : null;
}

const parts = (path: string): readonly [bus: string, device: string, file: string] | null => {
  const match = /^\/sys\/bus\/(nd|dax)\/devices\/([a-z]+[\d.]+)\/(\w+)$/.exec(path);
  return match ? [match[1]!, match[2]!, match[3]!] : null;
};

/** The text of a file; null if it does not exist or has no text. */
export function nd_file(state: State, path: string, k: Kernel): string | null {
  if ('create_store' in k && dax_region_file(path)) return dax_region_text(state, path);
  const [bus, name, file] = parts(path) ?? [];
  if (name === undefined || file === undefined) return null;
  if (bus === 'dax') return dax_file(state, name, file);
  const dev = nd_device(name);
  if (!dev || !state[dev.table].has(dev.key)) return null;
  if (dev.table === 'nd_pfn') return instance_file(state, k, state.nd_pfn.get(dev.key)!, file);
  if (dev.table === 'nd_namespace') return namespace_file(state, k, dev.key, file);
  const show = Object.hasOwn(REGION, file) ? REGION[file] : undefined;
  return show ? show(state.nd_region.get(dev.key)!, state, dev.key) : null;
}

/** The number and the file of a region whose parts can be given to instances; on a platform device, or on CXL's. */
const dax_region_file = (path: string): readonly [region: number, file: string] | null => {
  const at =
    /^\/sys\/(?:devices\/platform\/hmem\.|bus\/cxl\/devices\/dax_region)(\d+)\/dax_region\/(\w+)$/.exec(path);
  return at ? [Number(at[1]), at[2]!] : null;
};

function dax_region_text(state: State, path: string): string | null {
  const [region, file] = dax_region_file(path) ?? [-1];
  const found = dax_region.run(state, region);
  if (!found) return null;
  if (file === 'size') return `${found.size}\n`;
  if (file !== 'available_size') return null;
  return `${found.taken.reduce((left, { size }) => left - size, found.size)}\n`;
}

function dax_store(state: State, path: string, text: string, k: Kernel): Steps<number> | null {
  if (!('create_store' in k)) return null;
  const [region, name] = dax_region_file(path) ?? [-1];
  if (region >= 0 && dax_region.run(state, region)) {
    if (name === 'create') return k.create_store(region, text);
    return name === 'delete' ? k.delete_store(region, text) : null;
  }
  const [, device, file] = parts(path) ?? [];
  const own = Number(/^dax(\d+)\./.exec(device ?? '')?.[1] ?? -1);
  const key = [...state.dev_dax].find(([, dax]) => dax.name === device)?.[0];
  if (file !== 'size' || key === undefined || !dax_region.run(state, own)) return null;
  return k.$dev_dax_size_store(own, key, text);
}

/** The write function of a file; null if it has none or does not exist. */
export function nd_store(state: State, path: string, text: string, k: Kernel): Steps<number> | null {
  const dax = dax_store(state, path, text, k);
  if (dax) return dax;
  const [bus, name, file] = parts(path) ?? [];
  const dev = bus === 'nd' ? nd_device(name!) : null;
  if (!dev || !state[dev.table].has(dev.key)) return null;
  if (dev.table === 'nd_region') return file === 'align' ? k.align_store(dev.key, text) : null;
  if (dev.table === 'nd_namespace') return file === 'force_raw' ? force_raw_store(k, dev.key, text) : null;
  if (file === 'namespace') return k.nd_namespace_store(dev.key, text);
  if (file === 'uuid') return k.$pfn_uuid_store(dev.key, text);
  if (dev.kind === 'btt') return null;
  if (file === 'mode') return k.$pfn_mode_store(dev.key, text);
  return file === 'align' ? k.$pfn_align_store(dev.key, text) : null;
}

function* force_raw_store(k: Kernel, ns: number, text: string): Steps<number> {
  const value = kstrtobool(text, k.c);
  if (value === null) return -k.errno.EINVAL;
  yield* W('nd_namespace', ns, 'force_raw', value);
  return 0;
}

/** The names of the devices on a bus. */
export function bus_devices(state: State, bus: 'nd' | 'dax' | 'virtio'): string[] {
  if (bus === 'virtio') return [...state.virtio_mem.keys()].map((vm) => `virtio${vm}`);
  if (bus === 'dax') return [...state.dev_dax.values()].map(({ name }) => name);
  return [
    ...[...state.nd_region.keys()].map((key) => `region${key}`),
    ...[...state.nd_namespace.values()].map(({ region, id }) => `namespace${region}.${id}`),
    ...[...state.nd_pfn.values()].map(nd_pfn_name),
  ];
}
