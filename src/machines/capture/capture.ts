import { statSync } from 'node:fs';
import { machine, release, version } from 'node:os';
import { readWords } from '../page-files/read-words.ts';
import { NVDIMM_ROOTS } from '../readers/nvdimm.ts';
import { DirTree } from '../sources/dir-tree.ts';
import { TarWriter } from './tar-writer.ts';

/** An archive of a host with all that answers read, without names of hosts and serial numbers. */

/** Files, and directories with all that is below them. */
export const CAPTURED: readonly string[] = [
  'proc/iomem',
  'proc/zoneinfo',
  'proc/cmdline',
  'proc/version',
  'proc/meminfo',
  'proc/vmstat',
  'proc/pagetypeinfo',
  'proc/buddyinfo',
  'proc/slabinfo',
  'sys/devices/system/memory',
  'sys/devices/system/node',
  'sys/module/memory_hotplug/parameters',
  'sys/firmware/memmap',
  'sys/kernel/debug/memblock',
  'sys/kernel/kexec_crash_loaded',
  'sys/kernel/kexec_crash_size',
  ...NVDIMM_ROOTS,
  'etc/udev/rules.d',
  'usr/lib/udev/rules.d',
];

/** Files below these directories that no answer reads, or that tell one machine from another. */
const LEFT_OUT =
  /\/(uevent|power|subsystem|driver|driver_override|modalias|numastat|vmstat|demote|serial|phys_id|vendor|device|unique_id|id|cpu\d+|access\d+|memory_failure|x86)(\/|$)/;

/** Files of such directories that are kept all the same. */
const ID = /^sys\/firmware\/memmap\//;

/** Rules of udev that do not name memory are left out. */
const isWanted = (path: string, text: string): boolean =>
  !path.includes('udev/rules.d') || /SUBSYSTEM=="memory"/.test(text);

/** Files of sysfs that are commands, such as `compact`: nobody reads them. */
const isForWriting = (path: string): boolean =>
  ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0o444) & 0o444) === 0;

/** Takes out what names a host, a person or a disk. */
function scrub(path: string, text: string): string {
  if (path === 'proc/version') return text.replace(/\(\S+@\S+\)/, '(builder)');
  if (path === 'proc/cmdline')
    return text.replace(
      /\b(root|resume|ip|nfsroot|hostname|systemd\.hostname|BOOT_IMAGE|ds|netroot|rd\.\S+?)=(\S+)/g,
      '$1=…',
    );
  return text;
}

export interface Captured {
  readonly archive: Buffer;
  readonly files: number;
  /** What could not be read, with the reason. */
  readonly unreadable: readonly (readonly [path: string, why: string])[];
}

/** The halves of a word that stands for all words that the answers do not tell apart. */
export type Simplify = (low: number, high: number) => readonly [low: number, high: number];

/**
 * @param root `/` for this host
 * @param simplify makes words of pages equal, so that runs are longer
 */
export function capture(root: string, simplify: Simplify = (low, high) => [low, high]): Captured {
  const tree = new DirTree(root, root);
  const tar = new TarWriter();
  const unreadable: [string, string][] = [];
  let files = 0;
  const add = (path: string, depth: number): void => {
    const kind = tree.kind(path);
    if (kind === undefined || depth > 8 || (LEFT_OUT.test(path) && !ID.test(path))) return;
    if (kind === 'link') {
      const target = tree.readlink(path);
      if (target !== undefined && tar.addLink(path, target)) files++;
      return;
    }
    if (kind === 'dir') {
      for (const name of tree.list(path) ?? []) add(`${path}/${name}`, depth + 1);
      return;
    }
    if (isForWriting(tree.pathOf(path))) return;
    let text: string | undefined;
    try {
      text = tree.readText(path);
    } catch {
      return;
    }
    if (text === undefined || !isWanted(path, text)) return;
    if (tar.addFile(path, scrub(path, text))) files++;
    else unreadable.push([path, 'its path is too long']);
  };
  for (const path of CAPTURED) add(path, 0);
  for (const [path, why] of tree.unreadable) if (!LEFT_OUT.test(path)) unreadable.push([path, why]);
  if (root === '/') {
    tar.addFile('uname', `Linux host ${release()} ${version()} ${machine()} GNU/Linux\n`);
    files++;
  }
  const words = captureWords(tree, simplify);
  if (words.text !== null) {
    tar.addFile('kpageflags.rle', words.text);
    files++;
  } else unreadable.push(['proc/kpageflags', words.why]);
  const about = {
    schema: 'mhp-capture/1',
    unreadable: unreadable.map(([path, why]) => ({ path: `/${path}`, why })),
  };
  tar.addFile('mhp-capture.json', `${JSON.stringify(about, null, 2)}\n`);
  return { archive: tar.bytes(), files, unreadable };
}

/** More runs than this are not kept: the archive stays small. */
const MAX_RUNS = 2_000_000;

function captureWords(
  tree: DirTree,
  simplify: Simplify,
): { text: string; why: '' } | { text: null; why: string } {
  const lines: string[] = [];
  const path = tree.pathOf('proc/kpageflags');
  const hex = (n: number): string => n.toString(16);
  let [start, end, word] = [0, 0, ''];
  const flush = (): void => {
    if (end > start && lines.length <= MAX_RUNS) lines.push(`0x${hex(start)} ${end - start} 0x${word}\n`);
  };
  const why = readWords(path, [[0, 2 ** 40]], (pfn, nr, left, right) => {
    const [low, high] = simplify(left, right);
    const own = high === 0 ? hex(low) : `${hex(high)}${hex(low).padStart(8, '0')}`;
    if (own !== word || pfn !== end) {
      flush();
      [start, word] = [pfn, own];
    }
    end = pfn + nr;
  });
  flush();
  if (why !== undefined) return { text: null, why };
  if (lines.length > MAX_RUNS) return { text: null, why: 'has too many runs of different words' };
  return lines.length === 0 ? { text: null, why: 'is empty' } : { text: lines.join(''), why: '' };
}

/** Names of builders and disks, taken out of the copies. */
const SCRUB = String.raw`sed -i -E 's/\([^ ]+@[^ ]+\)/(builder)/' "$d/proc/version"; sed -i -E 's/\b(root|resume|ip|nfsroot|hostname|systemd.hostname|BOOT_IMAGE|ds|netroot|rd\.[^ =]+)=[^ ]+/\1=…/g' "$d/proc/cmdline"`;

/** A shell line that collects the same files where this program cannot be installed. */
export const SHELL_LINE = `d=$(mktemp -d) && cp -rP --parents ${CAPTURED.filter(
  (path) => !path.includes('udev') && path !== 'proc/slabinfo',
)
  .map((path) => `/${path}`)
  .join(
    ' ',
  )} "$d" 2>/dev/null; uname -a | sed "s/ $(uname -n) / host /" >"$d/uname"; dmesg | grep -E 'mem|Linux version|ommand line|node|zone' | sed -E 's/\\([^ ]+@[^ ]+\\)/(builder)/' >"$d/dmesg" 2>/dev/null; ${SCRUB}; find "$d" -name serial -delete; tar -czf mhp-capture.tar.gz -C "$d" . && rm -r "$d"`;
