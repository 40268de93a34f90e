import type { Guest } from '../guest/guest.ts';

/** Files of /proc and /sys, and the links between blocks and nodes. */

const MEMORY = '/sys/devices/system/memory';
const NODE = '/sys/devices/system/node';

/** What is read after every step; the shell expands them. */
const FILES = [
  '/proc/iomem /proc/zoneinfo /proc/meminfo /proc/cmdline /proc/version /proc/modules',
  '/proc/buddyinfo /proc/pagetypeinfo /proc/vmstat',
  `${MEMORY}/auto_online_blocks ${MEMORY}/block_size_bytes`,
  ...['online', 'phys_device', 'phys_index', 'removable', 'state', 'valid_zones'].map(
    (name) => `${MEMORY}/memory*/${name}`,
  ),
  `${NODE}/online ${NODE}/possible ${NODE}/has_*`,
  ...['cpulist', 'distance', 'meminfo', 'hugepages/*/*'].map((name) => `${NODE}/node*/${name}`),
  '/sys/firmware/memmap/*/* /sys/kernel/mm/hugepages/*/*',
  '/sys/module/memory_hotplug/parameters/* /sys/kernel/debug/memblock/*',
  '/sys/kernel/debug/kernel_page_tables /sys/kernel/debug/page_tables/kernel',
];
const LINKS = `${MEMORY}/memory*/node* ${NODE}/node*/memory*`;

export interface GuestTree {
  /** Contents by path. */
  readonly files: ReadonlyMap<string, string>;
  /** Targets by path. */
  readonly links: ReadonlyMap<string, string>;
}

/** The lines of grep -n, as files. A path may have colons; the first line of a file has the number 1. */
export function filesOf(text: string): Map<string, string> {
  const files = new Map<string, string[]>();
  let path = '';
  for (const line of text.split('\n')) {
    const rest = path !== '' && line.startsWith(`${path}:`) ? line.slice(path.length + 1) : null;
    const next = rest === null ? null : /^(\d+):(.*)$/s.exec(rest);
    if (next && next[1] !== '1') {
      files.get(path)!.push(next[2]!);
      continue;
    }
    const first = /^(\/.*?):1:(.*)$/s.exec(line);
    if (!first) continue;
    path = first[1]!;
    files.set(path, [first[2]!]);
  }
  return new Map([...files].map(([name, lines]) => [name, `${lines.join('\n')}\n`]));
}

/** The links in the output of ls -ld. */
export const linksOf = (text: string): Map<string, string> =>
  new Map(
    text.split('\n').flatMap((line) => {
      const found = /^l.* (\/\S+) -> (\S+)$/.exec(line);
      return found ? [[found[1]!, found[2]!] as const] : [];
    }),
  );

/** Where the kernel shows NVDIMMs: those of ACPI, and those carved out of RAM. */
const BUSES =
  '/sys/devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0012:00/ndbus0 /sys/devices/platform/e820_pmem/ndbus0';
const NOT_OURS = ['block', 'power', 'trace', 'nfit', 'subsystem']
  .map((name) => `-name ${name} -prune`)
  .join(' -o ');

/** @param nvdimm whether the machine has NVDIMMs */
export async function readTree(guest: Guest, seconds: number, nvdimm: boolean): Promise<GuestTree> {
  const lines = [`grep -ns '' /dev/null ${FILES.join(' ')}`];
  const links = [`ls -ld ${LINKS}`];
  if (nvdimm) {
    lines.push(`find ${BUSES} ${NOT_OURS} -o -type f -print | xargs grep -ns '' /dev/null`);
    links.push(`find ${BUSES} ${NOT_OURS} -o -type l -print | xargs ls -ld`);
  }
  const texts: string[] = [];
  for (const line of lines) texts.push((await guest.run(line, seconds)).out.toString());
  const linked: string[] = [];
  for (const line of links) linked.push((await guest.run(line, seconds)).out.toString());
  return { files: filesOf(texts.join('')), links: linksOf(linked.join('')) };
}

/** The blocks' sizes and numbers, from a tree. */
export function blocksOf({ files }: GuestTree): { readonly size: number; readonly ids: readonly number[] } {
  const size = Number.parseInt(files.get(`${MEMORY}/block_size_bytes`) ?? '0', 16);
  const ids = [...files.keys()].flatMap((path) => {
    const id = /\/memory\/memory(\d+)\/state$/.exec(path)?.[1];
    return id === undefined ? [] : [Number(id)];
  });
  return { size, ids: ids.sort((a, b) => a - b) };
}
