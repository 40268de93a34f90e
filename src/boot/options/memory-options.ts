import { memparse } from '../../kernel/lib/cmdline.ts';
import type { Machine, RamRange } from '../../machines/machine.ts';
import type { NdRegion } from '../../machines/nd-region.ts';
import {
  E820_NAMES,
  type E820Entry,
  memmapOption,
  memOption,
  PRAM,
  RAM,
  RESERVED,
  sanitized,
} from '../memory/e820.ts';
import { cmdlineWords } from './cmdline-words.ts';

/** mem= and memmap=: the memory of a machine that has not booted yet. A snapshot already shows their effect. */

interface Changed {
  readonly machine: Machine;
  /** What the kernel says of the options, and what has no effect, one line each. */
  readonly notes: readonly string[];
}

interface Range {
  readonly start: number;
  readonly size: number;
}

const valuesOf = (words: readonly string[], name: string): string[] =>
  words.filter((word) => word.startsWith(`${name}=`)).map((word) => word.slice(name.length + 1));

/** The parts of the RAM ranges that lie in [start, end), with node and other properties of each. */
const within = (ram: readonly RamRange[], start: number, end: number): RamRange[] =>
  ram
    .map((range) => {
      const first = Math.max(start, range.start);
      return { ...range, start: first, size: Math.min(end, range.start + range.size) - first };
    })
    .filter(({ size }) => size > 0);

/** arm64: memblock_mem_limit_remove_map() keeps so many bytes of memory, from the lowest address on. */
function limited(ram: readonly RamRange[], limit: number): RamRange[] {
  let left = limit;
  return [...ram]
    .sort((a, b) => a.start - b.start)
    .flatMap((range) => {
      const size = Math.min(left, range.size);
      left -= size;
      return size > 0 ? [{ ...range, size }] : [];
    });
}

function onArm64(machine: Machine, words: readonly string[]): Changed {
  const notes = valuesOf(words, 'memmap').map(
    (value) => `boot option memmap=${value}: arm64 has no such option`,
  );
  const value = valuesOf(words, 'mem').at(-1);
  const limit = value === undefined ? 0 : memparse(value).value;
  if (limit === 0 || !machine.ram) return { machine, notes };
  const ram = limited(machine.ram, Math.floor(limit / machine.page_size) * machine.page_size);
  return { machine: { ...machine, ram, ...holesIn(machine, ram) }, notes };
}

/** The holes that still lie in RAM. */
function holesIn(machine: Machine, ram: readonly RamRange[]): Pick<Machine, 'holes'> {
  if (!machine.holes) return {};
  const holes = machine.holes.filter((hole) =>
    ram.some(({ start, size }) => start <= hole.start && hole.start + hole.size <= start + size),
  );
  return { holes };
}

const entriesOf = (machine: Machine): E820Entry[] => [
  ...(machine.ram ?? []).map(({ start, size }) => ({ start, end: start + size, type: RAM })),
  ...(machine.holes ?? []).map(({ start, size }) => ({ start, end: start + size, type: RESERVED })),
];

/** numa_meminfo_cover_memory(): so much RAM, in bytes, may lie outside the ranges that have a node. */
const MAY_BE_UNCOVERED = 2 ** 20;

/** The RAM with its nodes; if much of it has none, all of it is node 0 (dummy_numa_init). */
function withNodes(machine: Machine, ranges: readonly Range[], notes: string[]): RamRange[] {
  const known = machine.ram ?? [];
  const ram = ranges.flatMap(({ start, size }) => within(known, start, start + size));
  const bytes = (list: readonly Range[]): number => list.reduce((sum, { size }) => sum + size, 0);
  const [covered, all] = [bytes(ram), bytes(ranges)];
  if (all - covered < MAY_BE_UNCOVERED) return ram;
  const mib = (n: number): number => Math.floor(n / 2 ** 20);
  notes.push(`NUMA: nodes only cover ${mib(covered)}MB of your ${mib(all)}MB e820 RAM. Not used.`);
  return ranges.map(({ start, size }) => ({ start, size, nid: 0 }));
}

/** e820_pmem: a region, and one namespace without a label, for each range; the node is that of the RAM there before. */
function pmemRegions(machine: Machine, ranges: readonly Range[], first: number): NdRegion[] {
  return ranges.map(({ start, size }, i) => {
    const nid = within(machine.ram ?? [], start, start + size)[0]?.nid ?? 0;
    const none = {
      uuid: '',
      claim_uuid: '',
      claim: 'none',
      mode: 'none',
      align: 0,
      data_start: 0,
      data_size: 0,
    } as const;
    return {
      id: first + i,
      start,
      size,
      align: 0,
      nid,
      target_node: nid,
      pagemap: true,
      nmem: 0,
      label_area: false,
      namespaces: [{ id: 0, start, size, io: true, ...none }],
    };
  });
}

function onX86(machine: Machine, words: readonly string[]): Changed {
  const notes: string[] = [];
  let entries: readonly E820Entry[] = entriesOf(machine);
  let used = false;
  for (const word of words) {
    const [, name, text] = /^(mem|memmap)=(.*)$/.exec(word) ?? [];
    if (name === undefined || text === undefined) continue;
    const parse = name === 'mem' ? memOption : memmapOption;
    for (const value of name === 'mem' ? [text] : text.split(',')) {
      const changed = parse(entries, value);
      if (changed === null) notes.push(`boot option ${name}=${value} is malformed: the kernel ignores it`);
      entries = changed ?? entries;
      used ||= changed !== null;
    }
  }
  if (!used) return { machine, notes };
  const page = machine.page_size;
  const ranges = sanitized(entries).map(({ start, end, type }) => ({ start, size: end - start, type }));
  const of = (type: number) => ranges.filter((range) => range.type === type);
  // memblock_trim_memory()
  const usable = of(RAM).flatMap(({ start, size }) => {
    const first = Math.ceil(start / page) * page;
    const long = Math.floor((start + size) / page) * page - first;
    return long > 0 ? [{ start: first, size: long }] : [];
  });
  const holes = ranges
    .filter(({ type }) => type !== RAM)
    .map(({ type, ...range }) => ({ ...range, name: E820_NAMES[type] ?? 'Unknown E820 type' }));
  const ram = withNodes(machine, usable, notes);
  const regions = machine.nvdimm ?? [];
  const carved = pmemRegions(machine, of(PRAM), regions.length);
  const nvdimm = regions.length + carved.length > 0 ? { nvdimm: [...regions, ...carved] } : {};
  return { machine: { ...machine, ram, holes, ...nvdimm }, notes };
}

/** The machine as mem= and memmap= leave it. */
export function withMemoryOptions(machine: Machine): Changed {
  const unbooted = machine.ram && !machine.blocks && !machine.iomem && !machine.memblock && !machine.zones;
  if (!unbooted) return { machine, notes: [] };
  const words = cmdlineWords(machine.cmdline ?? '');
  return machine.arch === 'x86_64' ? onX86(machine, words) : onArm64(machine, words);
}
