import type { RunEvent } from '../../schedule/runner.ts';

/** Kernel messages in a normal form in which recorded lines and the model's can be compared. */

/** Lines that memory hotplug prints; the other lines of a log are ignored. */
const hotplugLines: readonly RegExp[] = [
  /^Fallback order for Node /,
  /^Built \d+ zonelists/,
  /^Policy zone: /,
  /^Offlined Pages /,
  /^Block size \[0x/,
  /^acpi PNP0C80:\w+: /,
  /^removing memory fails, /,
  /^Refuse to remove /,
  /^Hotplug memory \[/,
  / is outside linear mapping region$/,
  /^node \d+ was absent from the node_possible_map$/,
  /^Boot memory \[/,
  /^memory memory\d+: Offline failed\.$/,
  /^page: ?\S* ?refcount:\d+ mapcount:/,
  /^flags: 0x/,
  /^page dumped because: unmovable page$/,
  /^memory offlining \[mem /,
  /^online_pages \[mem /,
  /^Unable to reserve System RAM region: /,
  / splits a leaf entry in /,
  /^altmap_alloc_block_buf: pfn: /,
  // the signals that programs get are not modelled
  /^Memory failure: (?!.*(?:Killing|Sending|SIGBUS))/,
  /^(?:soft[_ ]offline|soft_offline_page|__get_any_page): /,
  /^.{1,16}: vmemmap alloc failure: /,
  /^kmem[ :]/,
  /^device_dax[ :]/,
  /^virtio_mem[ :]/,
  /^(?:nd_pmem|dax_pmem)(?:: | (?!btt))/,
  /^ (?:pfn|dax)\d+\.\d+: /,
  /^Misaligned __add_pages start: /,
  /^section already deactivated \(/,
  /^Conflicting mapping in same section$/,
  /^(?:\w+ )?attempted on (?:ram|mixed) region /,
  /^(?:devm_memremap_pages_release: )?failed to free all reserved pages$/,
  /^Altmap not fully unmapped$/,
  // after a task has died: RCU's, in the idle task
  /^WARNING: (?!.*\b(?:rcu_eqs_enter|ct_kernel_exit)\b)/,
  /^[Kk]ernel BUG at /,
  /^Unable to handle kernel /,
  /^BUG: unable to handle page fault /,
  /^#PF: /,
  /^Oops: [0-9a-f]{4} /,
  /^RIP: 0010:/,
  /^ {2}(ESR|FSC) = /,
  /^\[[0-9a-f]{16}\] pgd=/,
  /^Internal error: Oops: /,
  /^pc : /,
];

/** The lines of a log: timestamps, levels and callers of printk, and the line ends of a console are taken off. */
export const logLines = (text: string): string[] =>
  text.split(/\r*\n/).map((line) => line.replace(/^(?:<\d+>)?\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? /, ''));

/** A compiler's name for a part or copy of a function: `.isra.0`, `.constprop.0`, `.part.0`, `.cold`. */
const CLONE = /(?<=\w)(?:\.(?:isra|constprop|part|cold|llvm)(?:\.\d+)*)+(?=\+0x|$)/;

/** Functions with one caller, which compilers make part of it or not, by their names. */
const CALLERS: Readonly<Record<string, string>> = {
  clear_subsection_map: 'section_deactivate',
  pagemap_range: 'memremap_pages',
  pageunmap_range: 'memunmap_pages',
};

const caller = (name: string): string => CALLERS[name] ?? name;

/**
 * Removes the parts that differ in any two runs or builds: counters, addresses, offsets in code, names of copies of a
 * function, the access flag of descriptors of tables.
 */
function normal(line: string): string {
  return line
    .replace(CLONE, '')
    .replace(/^.{1,16}: (?=vmemmap alloc failure: )/, '')
    .replace(/Total pages: \d+$/, 'Total pages: N')
    .replace(/^WARNING: (?:CPU: \d+ PID: \d+ )?at (\w+)\+.*$/, 'WARNING: at $1')
    .replace(/^WARNING: (?:CPU: \d+ PID: \d+ )?at \S+:\d+ (\w+)\+.*$/, 'WARNING: at $1')
    .replace(/^[Kk]ernel BUG at (\w+)\+.*$/, 'BUG at $1')
    .replace(/^\[[0-9a-f]{16}\] pgd=.*$/, (entries) =>
      entries
        .replace(/^\S+ /, '')
        .replace(/(?<=(?:pgd|p4d|pud|pmd)=\w{13})4(?=03)/g, '0')
        .replace(/(?<==\w{4})\w{9}/g, '*'),
    )
    .replace(/^(BUG: unable to handle page fault for address): .*$/, '$1')
    .replace(/^(Internal error: Oops: \w+|Oops: \w+) .*$/, '$1')
    .replace(/^(pc : |RIP: 0010:)(\w+).*$/, '$1$2')
    .replace(/(?<=^(?:WARNING: at |BUG at |pc : |RIP: 0010:))\w+$/, caller)
    .replace(/^page:.*? refcount:\d+ mapcount:\S+ mapping:\S+ index:\S+ pfn:(\S+).*$/, 'page: pfn:$1')
    .replace(/((?:unknown page type|unknown non LRU page type|migration failed -?\d+, type)).*$/, '$1')
    .replace(/^flags: 0x[0-9a-f]+\((.*)\)$/, (_, names: string) => `flags: (${zoneAndNode(names)})`)
    .trimEnd();
}

/** Of the names of page flags, only node and zone depend on the memory. */
const zoneAndNode = (names: string): string =>
  names
    .split('|')
    .filter((name) => /^(node|zone)=/.test(name))
    .join('|');

const ofADump = /^(?:pc : |RIP: 0010:| {2}(?:ESR|FSC) = )/;

const isHotplug = (line: string): boolean => hotplugLines.some((pattern) => pattern.test(line));

/** The lines of a log without dumps of pages that could not be migrated, whose number is random. */
export function withoutMigrationDumps(lines: readonly string[]): string[] {
  const kept: string[] = [];
  let dump = -1;
  for (const line of lines) {
    if (line.startsWith('page:')) dump = kept.length;
    if (dump >= 0 && line.endsWith('page dumped because: migration failure')) kept.length = dump;
    else kept.push(line);
    if (line.includes('page dumped because:')) dump = -1;
  }
  return kept;
}

/** The lines of a recorded log that are compared, in normal form, and the number of the others by reason. */
export interface RecordedLog {
  readonly lines: readonly string[];
  readonly dropped: readonly { readonly why: string; readonly times: number }[];
}

const IN_OOPS = /^(?:BUG at |pc : |RIP: 0010:)/;

export function recordedLog(text: string): RecordedLog {
  const all = logLines(text).filter((line) => line !== '');
  const unique = withoutMigrationDumps(all);
  const hotplug = unique.filter(isHotplug).map(normal);
  // a warning has a register dump as well; only that of an oops is modelled
  const oops = hotplug.findIndex((line) => /^(?:Unable|BUG: unable) to handle /.test(line));
  const told = hotplug.filter((line, i) => !ofADump.test(line) || (oops >= 0 && i > oops));
  const end = told.findIndex((line) => IN_OOPS.test(line));
  const lines = end < 0 ? told : told.slice(0, end + 1);
  const dropped = [
    { why: 'of other subsystems, and parts of dumps', times: unique.length - hotplug.length },
    {
      why: 'dumps of pages that could not be migrated, whose number is random',
      times: all.length - unique.length,
    },
    { why: 'registers of warnings', times: hotplug.length - told.length },
    { why: 'of memory hotplug, after a crash', times: told.length - lines.length },
  ];
  return { lines, dropped: dropped.filter(({ times }) => times > 0) };
}

/** The log lines of these events, in normal form. */
export function eventLines(events: readonly RunEvent[]): string[] {
  return events.flatMap((event) => {
    // the number of repetitions is random
    if (event.kind === 'printk') return event.text.startsWith('migrating pfn ') ? [] : [normal(event.text)];
    if (event.kind === 'lock') return [];
    if (event.kind === 'bug') return event.text.startsWith('Oops') ? [] : [`BUG at ${caller(event.where)}`];
    return [...(event.text ? [event.text] : []), `WARNING: at ${caller(event.where)}`];
  });
}
