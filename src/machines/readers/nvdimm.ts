import type { FileTree } from '../sources/tree.ts';

/** NVDIMM regions and their namespaces as sysfs shows them. */

export interface NdNamespace {
  readonly id: number;
  /** Bytes. */
  readonly start: number;
  readonly size: number;
  /** Whether it has no label: it is then the only one of its region. */
  readonly io: boolean;
  /** That of its label and of the instance that claims it; '' for none. */
  readonly uuid: string;
  readonly claim_uuid: string;
  /** The kind of instance that claims it; without one the block device is raw. */
  readonly claim: 'none' | 'pfn' | 'dax' | 'btt';
  /** Where struct pages are, and where data begins and ends; for pfn and dax. */
  readonly mode: 'none' | 'ram' | 'pmem';
  readonly align: number;
  readonly data_start: number;
  readonly data_size: number;
}

export interface NdRegion {
  readonly id: number;
  readonly start: number;
  readonly size: number;
  readonly align: number;
  readonly nid: number;
  readonly target_node: number;
  /** Whether it is carved out of RAM: even a raw namespace gets struct pages. */
  readonly pagemap: boolean;
  /** The first NVDIMM of which it consists. */
  readonly nmem: number;
  /** Whether that NVDIMM has a label area. */
  readonly label_area: boolean;
  readonly namespaces: readonly NdNamespace[];
}

/** The parents of NVDIMM buses in sysfs: described by ACPI, or carved out of RAM by a boot option. */
export const NVDIMM_ROOTS = [
  'sys/devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0012:00/ndbus0',
  'sys/devices/platform/e820_pmem/ndbus0',
];

/** Undefined if the source has none. A value that a file does not give in the expected form is 0. */
export function readNvdimm(tree: FileTree): readonly NdRegion[] | undefined {
  const root = NVDIMM_ROOTS.find((path) => tree.kind(path) === 'dir');
  if (root === undefined) return undefined;
  return numbered(tree, root, /^region(\d{1,4})$/).map(([id, path]) => readRegion(tree, root, id, path));
}

/** The directories whose name matches, with their number, ascending. */
function numbered(tree: FileTree, path: string, pattern: RegExp): [number, string][] {
  return (tree.list(path) ?? [])
    .flatMap((name): [number, string][] => {
      const match = pattern.exec(name);
      return match ? [[Number(match[1]), `${path}/${name}`]] : [];
    })
    .sort(([a], [b]) => a - b);
}

const text = (tree: FileTree, path: string): string => (tree.readText(path) ?? '').trim();

function number(tree: FileTree, path: string): number {
  const value = Number(text(tree, path) || Number.NaN);
  return Number.isSafeInteger(value) && value >= 0 ? value : 0;
}

function readRegion(tree: FileTree, root: string, id: number, path: string): NdRegion {
  const nmem = /^nmem(\d{1,4}),/.exec(text(tree, `${path}/mapping0`))?.[1] ?? '0';
  return {
    id,
    start: number(tree, `${path}/resource`),
    size: number(tree, `${path}/size`),
    align: number(tree, `${path}/align`),
    nid: number(tree, `${path}/numa_node`),
    target_node: number(tree, `${path}/target_node`),
    pagemap: root.endsWith('/e820_pmem/ndbus0'),
    nmem: Number(nmem),
    label_area: /\bset_data\b/.test(text(tree, `${root}/nmem${nmem}/commands`)),
    namespaces: numbered(tree, path, new RegExp(`^namespace${id}\\.(\\d{1,4})$`)).map(([ns, at]) =>
      readNamespace(tree, path, ns, at),
    ),
  };
}

/** nstype of a namespace without a label. */
const ND_DEVICE_NAMESPACE_IO = 4;

function readNamespace(tree: FileTree, region: string, id: number, path: string): NdNamespace {
  const holder = text(tree, `${path}/holder`);
  const claim = /^(pfn|dax|btt)\d/.exec(holder)?.[1] as NdNamespace['claim'] | undefined;
  const instance = `${region}/${holder}`;
  const mode = text(tree, `${instance}/mode`);
  return {
    id,
    start: number(tree, `${path}/resource`),
    size: number(tree, `${path}/size`),
    io: number(tree, `${path}/nstype`) === ND_DEVICE_NAMESPACE_IO,
    uuid: text(tree, `${path}/uuid`),
    claim_uuid: claim ? text(tree, `${instance}/uuid`) : '',
    claim: claim ?? 'none',
    mode: claim && (mode === 'ram' || mode === 'pmem') ? mode : 'none',
    align: claim ? number(tree, `${instance}/align`) : 0,
    data_start: claim ? number(tree, `${instance}/resource`) : 0,
    data_size: claim ? number(tree, `${instance}/size`) : 0,
  };
}
