import { allocatable_dpa, available_dpa } from '../drivers/nvdimm/region_devs.ts';
import { nd_namespace_key, type nd_region, type State } from '../state.ts';

/** The modelled files below /sys/bus/nd/devices and /sys/bus/dax/devices. */

export const ND = '/sys/bus/nd/devices';
export const DAX = '/sys/bus/dax/devices';

const hex = (n: number): string => `0x${n.toString(16)}\n`;

const REGION: Readonly<Record<string, (region: nd_region, state: State, key: number) => string>> = {
  align: ({ align }) => hex(align),
  available_size: (_, state, key) => `${available_dpa(state, key)}\n`,
  max_available_extent: (_, state, key) => `${allocatable_dpa.run(state, key)}\n`,
  numa_node: ({ nid }) => `${nid}\n`,
  resource: ({ start }) => hex(start),
  size: ({ size }) => `${size}\n`,
  target_node: ({ target_node }) => `${target_node}\n`,
};

/** The number of the region to which this align file belongs, or -1. */
export function region_align_path(state: State, path: string): number {
  const match = /^\/sys\/bus\/nd\/devices\/region(\d{1,4})\/align$/.exec(path);
  return match && state.nd_region.has(Number(match[1])) ? Number(match[1]) : -1;
}

/** The text of a file; null if it does not exist. */
export function nd_file(state: State, path: string): string | null {
  const region = /^\/sys\/bus\/nd\/devices\/region(\d{1,4})\/(\w+)$/.exec(path);
  if (region) {
    const key = Number(region[1]);
    const nd_region = state.nd_region.get(key);
    const show = Object.hasOwn(REGION, region[2]!) ? REGION[region[2]!] : undefined;
    return nd_region && show ? show(nd_region, state, key) : null;
  }
  const ns = /^\/sys\/bus\/nd\/devices\/namespace(\d{1,4})\.(\d{1,4})\/(\w+)$/.exec(path);
  if (ns) return namespace_file(state, nd_namespace_key(Number(ns[1]), Number(ns[2])), ns[3]!);
  const dax = /^\/sys\/bus\/dax\/devices\/(dax\d{1,4}\.\d{1,4})\/(\w+)$/.exec(path);
  return dax ? dax_file(state, dax[1]!, dax[2]!) : null;
}

const MODE = { none: 'raw', pfn: 'memory', dax: 'dax', btt: 'safe' } as const;

function namespace_file(state: State, key: number, name: string): string | null {
  const ns = state.nd_namespace.get(key);
  if (!ns) return null;
  if (name === 'size') return `${ns.size}\n`;
  if (name === 'force_raw') return ns.force_raw ? '1\n' : '0\n';
  if (name === 'holder_class') return ns.claim_class === 'none' ? '\n' : `${ns.claim_class}\n`;
  if (name === 'mode') return `${MODE[ns.claim]}\n`;
  if (name === 'resource' && ns.size > 0) return hex(state.nd_region.get(ns.region)!.start + ns.offset);
  return null;
}

function dax_file(state: State, name: string, file: string): string | null {
  const dax = [...state.dev_dax.values()].find((one) => one.name === name);
  if (!dax) return null;
  if (file === 'size') return `${dax.size}\n`;
  if (file === 'align') return `${dax.align}\n`;
  if (file === 'target_node') return `${dax.target_node}\n`;
  return file === 'resource' ? hex(dax.start) : null;
}
