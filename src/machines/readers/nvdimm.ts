import type { IomemEntry } from '../machine.ts';
import type { NdNamespace, NdRegion } from '../nd-region.ts';
import type { FileTree } from '../sources/tree.ts';

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

/**
 * The regions that /proc/iomem shows without sysfs: those that are one raw namespace. Undefined if any persistent
 * memory is used in another way, because its info blocks then matter. iomem has neither nodes nor label areas.
 */
export function nvdimmOfIomem(iomem: readonly IomemEntry[]): readonly NdRegion[] | undefined {
  const regions: NdRegion[] = [];
  for (const [i, region] of iomem.entries()) {
    if (!/^Persistent Memory( \(legacy\))?$/.test(region.name)) continue;
    const child = iomem[i + 1];
    const name = /^namespace(\d{1,4})\.0$/.exec(child?.name ?? '');
    if (!child || !name || child.start !== region.start || child.end !== region.end) return undefined;
    const next = iomem[i + 2];
    if (next && next.depth > region.depth) return undefined;
    const id = Number(name[1]);
    const range = { start: region.start, size: region.end - region.start + 1 };
    const none = { uuid: '', claim_uuid: '', claim: 'none', mode: 'none' } as const;
    regions.push({
      id,
      ...range,
      align: 0,
      nid: -1,
      target_node: -1,
      pagemap: region.name.endsWith('(legacy)'),
      nmem: id,
      label_area: false,
      namespaces: [{ id: 0, ...range, io: true, ...none, align: 0, data_start: 0, data_size: 0 }],
    });
  }
  return regions.length ? regions.sort((a, b) => a.id - b.id) : undefined;
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
    ...(number(tree, `${path}/mappings`) > 0 && { ways: number(tree, `${path}/mappings`) }),
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
