import { recognise } from '../../messages/recognise.ts';
import type { RunEvent } from '../../schedule/runner.ts';

/** Kernel messages in a normal form in which recorded lines and the model's can be compared. */

/**
 * Lines that are compared though they are no messages of the release, or more than one: those of the modelled drivers,
 * so that none of theirs is missed, and what a WARN(), a BUG() and an oops print.
 */
const ALSO: readonly RegExp[] = [
  /^acpi PNP0C80:\w+: /,
  // the signals that programs get are not modelled
  /^Memory failure: (?!.*(?:Killing|Sending|SIGBUS))/,
  /^(?:soft[_ ]offline|soft_offline_page|__get_any_page): /,
  /^kmem[ :]/,
  /^device_dax[ :]/,
  /^virtio_mem[ :]/,
  /^(?:nd_pmem|dax_pmem)(?:: | (?!btt))/,
  /^ (?:pfn|dax)\d+\.\d+: /,
  // after a task has died: RCU's, in the idle task
  /^WARNING: (?!.*\b(?:rcu_eqs_enter|ct_kernel_exit)\b)/,
  /^[Kk]ernel BUG at /,
  /^RIP: 0010:/,
];

/** Messages that the model prints and a recording cannot confirm. */
const NOT_COMPARED: readonly Rule[] = [
  { pattern: /^migrating pfn /, why: 'of pages that could not be migrated, whose number is random' },
];

interface Rule {
  readonly pattern: RegExp;
  readonly why: string;
}

/** What the other lines of a log are, by the first rule that fits. */
const OTHERS: readonly Rule[] = [
  { pattern: /^(?:ohp|ozd): /, why: 'of the modules that perform the operations' },
  {
    pattern:
      /^(?:Call [Tt]race:| ?<\/?(?:TASK|IRQ)>| \??\s?[\w.]+\+0x[0-9a-f]+\/|---\[ end trace|-+\[ cut here|Code: |Modules linked in|Hardware name: |Workqueue: |CPU: \d|Tainted: )/,
    why: 'of dumps: the stack, and where it was',
  },
  {
    pattern:
      /^(?:x\d+ ?: |sp : |lr : |pc : |pstate: |pmr_save: |R[A-DS0-9][A-Z0-9]: |RIP: |FS: |CS: |CR2: |DR\d: |PKRU: | {2}(?:ESR|EC|SET|EA|FSC|ISV|CM|GCS|Overlay|TagAccess|Xs) = |(?:Mem|Data) abort info:|swapper pgtable: |note: )/,
    why: 'of dumps: registers',
  },
  {
    pattern: /^(?:raw: |head:|\w+ flags: 0x|page_type: |aops:|memcg:|page->mem_cgroup)/,
    why: 'of dumps of pages',
  },
  { pattern: /: \d+ callbacks suppressed$/, why: 'of the rate limit' },
  { pattern: /^Memory failure: /, why: 'of signals to programs' },
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
    .replace(/(?<= pages in )\d+ms$/, 'Nms')
    .replace(/^WARNING: (?:CPU: \d+ PID: \d+ )?at (\w+)\+.*$/, 'WARNING: at $1')
    .replace(/^WARNING: (?:CPU: \d+ PID: \d+ )?at \S+:\d+ (\w+)\+.*$/, 'WARNING: at $1')
    .replace(/^WARNING: \S+:\d+ at (\w+)\+.*$/, 'WARNING: at $1')
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

/** Messages of any release: a line of another than the model's is a difference. */
const isHotplug = (line: string): boolean =>
  !NOT_COMPARED.some(({ pattern }) => pattern.test(line)) &&
  (ALSO.some((pattern) => pattern.test(line)) || recognise(line).length > 0);

/** What a line that is not compared is. */
const otherOf = (line: string): string =>
  [...NOT_COMPARED, ...OTHERS].find(({ pattern }) => pattern.test(line))?.why ??
  `of other subsystems (${/^[\w.-]*/.exec(line)![0].replace(/\d+/g, 'N')})`;

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

/** A BUG with a place in the source has its function in the dump behind it, which the line then gets. */
function withFunctions(lines: readonly string[]): readonly string[] {
  return lines.map((line, i) => {
    if (!/^kernel BUG at \S+:\d+!$/.test(line)) return line;
    const dump = lines.slice(i + 1, i + 12).find((one) => /^(?:pc : |RIP: 0010:)\w/.test(one));
    return dump === undefined ? line : `kernel BUG at ${dump.replace(/^(?:pc : |RIP: 0010:)/, '')}`;
  });
}

export function recordedLog(text: string): RecordedLog {
  const all = withFunctions(logLines(text).filter((line) => line !== ''));
  const unique = withoutMigrationDumps(all);
  const hotplug = unique.filter(isHotplug).map(normal);
  const others = new Map<string, number>();
  for (const line of unique)
    if (!isHotplug(line)) others.set(otherOf(line), (others.get(otherOf(line)) ?? 0) + 1);
  // a warning has a register dump as well; only that of an oops is modelled
  const oops = hotplug.findIndex((line) => /^(?:Unable|BUG: unable) to handle /.test(line));
  const told = hotplug.filter((line, i) => !ofADump.test(line) || (oops >= 0 && i > oops));
  const end = told.findIndex((line) => IN_OOPS.test(line));
  const lines = end < 0 ? told : told.slice(0, end + 1);
  const dropped = [
    ...[...others].map(([why, times]) => ({ why, times })),
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
    if (event.kind === 'printk')
      return NOT_COMPARED.some(({ pattern }) => pattern.test(event.text)) ? [] : [normal(event.text)];
    if (event.kind === 'lock') return [];
    if (event.kind === 'bug') {
      if (event.text.startsWith('Oops')) return [];
      const dumped = event.text.startsWith('page dumped because: ') ? [event.text] : [];
      return [...dumped, `BUG at ${caller(event.where)}`];
    }
    return [...(event.text ? [event.text] : []), `WARNING: at ${caller(event.where)}`];
  });
}
