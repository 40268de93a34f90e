import { boot } from '../../../boot/boot.ts';
import { BadOperation } from '../../../errors/bad-operation.ts';
import { ImpossibleMachine } from '../../../errors/impossible-machine.ts';
import { InputError } from '../../../errors/input-error.ts';
import type { CxlWindow } from '../../../machines/captures/cxl-json.ts';
import type { Machine } from '../../../machines/machine.ts';
import type { Release } from '../../../releases/index.ts';
import { Session } from '../../../scenarios/running/session.ts';
import { lacksFunction } from '../../../scenarios/steps/common/lacks.ts';
import { bareMachine, overlap, type Range } from './bare-machine.ts';
import { type Device, describeAll, type Outcome, tryUse, type Use } from './trial.ts';

/** What becomes of the memory of NVDIMMs, device-dax and CXL, release by release: each is set up anew on the model. */

export type LayoutKind = 'pmem' | 'cxl';

/** The same outcome on releases in a row. */
export interface OutcomeRange extends Outcome {
  readonly first: string;
  readonly last: string;
}

/** A section that a device has not for itself. */
export interface SharedSection extends Range {
  /** What else lies in it: names of devices, "System RAM". */
  readonly with: readonly string[];
}

/** Ends at which nothing is lost, tried on the model; bytes. */
export interface BestPlace {
  readonly use: Use;
  readonly first: string;
  readonly last: string;
  readonly alignment: number;
  /** The largest such part of the device; null if there is none. */
  readonly inside: Range | null;
  /** The smallest such range around it that overlaps nothing; null if there is none. */
  readonly around: Range | null;
}

export interface DevicePlan extends Range {
  readonly name: string;
  readonly kind: Device['kind'];
  readonly node: number;
  readonly ways: number;
  /** A region among so many devices is a whole multiple of this; bytes. */
  readonly interleave_alignment: number;
  readonly shared: readonly SharedSection[];
  readonly outcomes: readonly OutcomeRange[];
  readonly best: readonly BestPlace[];
}

export interface WindowPlan extends Range {
  readonly name: string;
  readonly ways: number;
  readonly granularity: number;
  /** Bytes that no region has. */
  readonly free: number;
  /** The size of a region among as many devices as host bridges is a multiple of this. */
  readonly region_alignment: number;
  /** The same, and whole memory blocks. */
  readonly best_alignment: number;
}

export interface LayoutPlan {
  readonly kind: LayoutKind;
  readonly releases: readonly string[];
  readonly devices: readonly DevicePlan[];
  readonly windows: readonly WindowPlan[];
  readonly notes: readonly string[];
}

const SZ_2M = 2 ** 21;
const SZ_16M = 2 ** 24;
const SZ_256M = 2 ** 28;

const down = (n: number, unit: number): number => Math.floor(n / unit) * unit;
const up = (n: number, unit: number): number => Math.ceil(n / unit) * unit;
const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
const lcm = (a: number, b: number): number => (a / gcd(a, b)) * b;

/** default_align() of drivers/nvdimm/region_devs.c (v5.7) for NVDIMMs, construct_region() of drivers/cxl for CXL. */
const interleaveAlignment = ({ kind, ways }: Device): number =>
  kind === 'cxl' ? SZ_256M * ways : SZ_16M % ways === 0 ? SZ_16M : SZ_16M * ways;

/** The devices of a machine that a command is about. */
export function devicesOf({ nvdimm = [], cxl, dax = [] }: Machine, kind: LayoutKind): Device[] {
  const plain = { labels: false, carved: false };
  const regions: Device[] = (cxl?.regions ?? [])
    .filter(({ type }) => type === 'ram')
    .map(({ id, start, size, interleave_ways }) => ({
      name: `region${id}`,
      kind: 'cxl',
      id,
      start,
      size,
      node: dax.find((one) => one.of === 'cxl' && one.region === id)?.target_node ?? 0,
      ways: interleave_ways,
      ...plain,
    }));
  const pmem: Device[] = nvdimm
    .filter(({ size }) => size > 0)
    .map(({ id, start, size, target_node, label_area, pagemap, ways = 1 }) => ({
      name: `region${id}`,
      kind: 'pmem',
      id,
      start,
      size,
      node: Math.max(0, target_node),
      ways,
      labels: label_area,
      carved: pagemap,
    }));
  const all = [...regions, ...pmem];
  const alone: Device[] = dax
    .filter((one) => !all.some((other) => overlap(one, other)))
    .map(({ region, start, size, target_node }) => ({
      name: `dax${region}.0`,
      kind: 'dax',
      id: region,
      start,
      size,
      node: Math.max(0, target_node),
      ways: 1,
      ...plain,
    }));
  return [...(kind === 'pmem' ? pmem : regions), ...alone];
}

const isPersistent = (id: number, { cxl }: Machine): boolean =>
  cxl?.regions.some((region) => region.id === id && region.type === 'pmem') ?? false;

/** Persistent regions of CXL are NVDIMM regions as well: both commands tell of them. */
const persistentOf = (machine: Machine): Device[] =>
  devicesOf(machine, 'pmem').filter(({ kind, id }) => kind === 'pmem' && isPersistent(id, machine));

interface Booted {
  readonly release: Release;
  readonly bare: Session;
  readonly described: Session;
}

/**
 * @param machine with the devices
 * @param blockSize bytes of its memory blocks, for a source that shows memory only by them
 * @param own devices to plan besides those of the machine
 * @throws InputError if one of these overlaps memory or a device
 */
export function planDevices(
  machine: Machine,
  blockSize: number,
  releases: readonly Release[],
  kind: LayoutKind,
  own: readonly Device[] = [],
): LayoutPlan {
  const known =
    kind === 'cxl' ? [...devicesOf(machine, kind), ...persistentOf(machine)] : devicesOf(machine, kind);
  const devices = [...known, ...own];
  const others = devicesOf(machine, kind === 'pmem' ? 'cxl' : 'pmem');
  const every = [...devices, ...others.filter((other) => !devices.some((one) => overlap(one, other)))];
  const there = every.filter((one) => !own.includes(one));
  const bare = bareMachine(machine, blockSize, [...there, ...(machine.cxl?.windows ?? [])]);
  checkFree(machine, own, bare.ram ?? [], there);
  const notes: string[] = [];
  const booted = releases.flatMap((release): Booted[] => {
    try {
      const session = new Session(boot(bare, release));
      return [{ release, bare: session, described: describeAll(session, every) }];
    } catch (error) {
      if (!(error instanceof ImpossibleMachine || error instanceof BadOperation)) throw error;
      notes.push(`${release.name}: ${error.message}`);
      return [];
    }
  });
  const newest = booted.at(-1);
  const block = newest?.bare.kernel.c.memory_block_size_bytes ?? blockSize;
  return {
    kind,
    releases: booted.map(({ release }) => release.name),
    devices: devices.map((device) => planOne(device, every, bare, booted)),
    windows: kind === 'cxl' ? (machine.cxl?.windows ?? []).map((one) => planWindow(one, machine, block)) : [],
    notes,
  };
}

/** @throws InputError if a device that is not there yet would lie on memory or another device */
function checkFree(
  { source }: Machine,
  own: readonly Device[],
  ram: readonly Range[],
  there: readonly Device[],
): void {
  for (const [i, one] of own.entries()) {
    const others = [...there, ...own.slice(0, i)];
    const other =
      others.find((each) => overlap(each, one))?.name ??
      (ram.some((each) => overlap(each, one)) ? 'System RAM' : undefined);
    if (other !== undefined)
      throw new InputError(
        source,
        '',
        `${other} is in 0x${one.start.toString(16)}+0x${one.size.toString(16)}`,
      );
  }
}

const usesOf = ({ kind }: Device): readonly Use[] =>
  kind === 'pmem' ? ['fsdax', 'system-ram'] : ['system-ram'];

/** Whether no other place could lose less: struct pages in front of memory blocks always cost part of a block. */
const isLeast = ({ kind, size }: Device, { use, accepted, lost, metadata, block_size }: Outcome): boolean =>
  accepted && lost === (kind === 'pmem' && use === 'system-ram' ? (size - metadata) % block_size : 0);

/** A region of volatile CXL memory has a driver from v6.3 on. */
const lacks = ({ bare: { kernel } }: Booted, { kind }: Device): string | null =>
  kind === 'cxl' ? lacksFunction(kernel, 'cxl_dax_region_probe') : null;

function planOne(
  device: Device,
  every: readonly Device[],
  { ram = [] }: Machine,
  booted: readonly Booted[],
): DevicePlan {
  const { name, kind, start, size, node, ways } = device;
  const outcomes: OutcomeRange[] = [];
  const best: BestPlace[] = [];
  const others = every.filter((one) => one !== device);
  for (const use of usesOf(device)) {
    let before = '';
    for (const one of booted) {
      const lacking = lacks(one, device);
      const outcome =
        lacking === null ? tryUse(one.described, device, use) : refused(one, device, use, lacking);
      // texts name releases and times
      const key = JSON.stringify({ ...outcome, messages: [] });
      const last = one.release.name;
      if (before === key) outcomes.push({ ...outcomes.pop()!, last });
      else outcomes.push({ ...outcome, first: last, last });
      before = key;
    }
  }
  for (const outcome of outcomes) {
    const { use, first, last } = outcome;
    const one = booted.find(({ release }) => release.name === first)!;
    if (lacks(one, device) !== null || isLeast(device, outcome)) continue;
    best.push({ use, first, last, ...bestPlace(one, device, others, ram, use) });
  }
  const sections = [...new Set(booted.map(({ bare }) => bare.kernel.c.SECTION_SIZE))];
  return {
    name,
    kind,
    start,
    size,
    node,
    ways,
    interleave_alignment: interleaveAlignment(device),
    shared: sections.flatMap((section) => sharedSections(device, others, ram, section)),
    outcomes,
    best,
  };
}

function refused({ bare }: Booted, { size }: Device, use: Use, why: string): Outcome {
  const { c } = bare.kernel;
  const sizes = { section_size: c.SECTION_SIZE, block_size: c.memory_block_size_bytes };
  const none = { usable: 0, metadata: 0, lost: size, first_block: null, blocks: 0 };
  return { use, accepted: false, errno: null, messages: [why], ...sizes, ...none };
}

function sharedSections(
  device: Device,
  others: readonly Device[],
  ram: readonly Range[],
  size: number,
): SharedSection[] {
  const end = device.start + device.size;
  const ends = [...new Set([down(device.start, size), down(end - 1, size)])];
  return ends.flatMap((start) => {
    const section = { start, size };
    const names = [
      ...(ram.some((one) => overlap(one, section)) ? ['System RAM'] : []),
      ...others.filter((one) => overlap(one, section)).map((one) => one.name),
    ];
    return names.length > 0 ? [{ ...section, with: names }] : [];
  });
}

/** Tries alignments, the smallest first, until the device loses nothing. */
function bestPlace(
  { bare }: Booted,
  device: Device,
  others: readonly Device[],
  ram: readonly Range[],
  use: Use,
): Pick<BestPlace, 'alignment' | 'inside' | 'around'> {
  const { c } = bare.kernel;
  const end = device.start + device.size;
  const block = c.memory_block_size_bytes;
  const units = [...new Set([SZ_2M, SZ_16M, c.SECTION_SIZE, block, Math.max(block, 2 ** 30)])];
  const isFree = (range: Range): boolean => [...others, ...ram].every((one) => !overlap(one, range));
  const whole = (range: Range): Range | null => {
    if (range.size <= 0 || !isFree(range)) return null;
    const moved = { ...device, ...range };
    return isLeast(moved, tryUse(describeAll(bare, [...others, moved]), moved, use)) ? range : null;
  };
  let alignment = units.at(-1)!;
  for (const unit of units.sort((a, b) => a - b)) {
    const first = up(device.start, unit);
    const inside = whole({ start: first, size: down(end, unit) - first });
    const start = down(device.start, unit);
    const around = whole({ start, size: up(end, unit) - start });
    if (inside || around) return { alignment: unit, inside, around };
    alignment = unit;
  }
  return { alignment, inside: null, around: null };
}

function planWindow(window: CxlWindow, { cxl }: Machine, block: number): WindowPlan {
  const { id, start, size, interleave_ways: ways, interleave_granularity: granularity } = window;
  const used = (cxl?.regions ?? [])
    .filter((region) => overlap(region, window))
    .reduce((sum, region) => sum + region.size, 0);
  const unit = SZ_256M * ways;
  return {
    name: `CXL Window ${id}`,
    start,
    size,
    ways,
    granularity,
    free: size - used,
    region_alignment: unit,
    best_alignment: lcm(unit, block),
  };
}
