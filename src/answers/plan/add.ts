import { lookup } from '../../kernel/fs/sysfs.ts';
import { page_use, USE } from '../../kernel/mm/page.ts';
import { zone_idx } from '../../kernel/state.ts';
import type { ScenarioStep } from '../../scenarios/format/step-schema.ts';
import type { Session } from '../../scenarios/running/session.ts';
import type { AskedMachine } from '../machine.ts';
import { onlineRules } from '../why/depends.ts';
import type { AddRequest, DeviceKind } from './add-request.ts';
import { type Command, commandsFor } from './commands.ts';
import { type Costs, costsOf, SIZEOF_STRUCT_PAGE } from './costs.ts';
import { tryUse } from './devices/trial.ts';
import { firstPlace, inTheWay } from './place.ts';
import { type Trial, tryOn } from './trial.ts';

/** What adding memory to a machine would do. */

/** MOVABLE against kernel zones; bytes. */
export interface Ratio {
  readonly movable: number;
  readonly kernel: number;
}

export interface AddPlan {
  readonly accepted: boolean;
  readonly start: number;
  readonly size: number;
  readonly kind: DeviceKind;
  readonly node: number;
  readonly errno: string | null;
  readonly messages: readonly string[];
  /** Why it is refused, in words of the operator; null if it is accepted. */
  readonly why: string | null;
  readonly block_size: number;
  /** Of the device's bytes: those that become memory blocks, and those that alignment loses. */
  readonly usable: number;
  readonly lost: number;
  readonly first_block: number | null;
  readonly blocks: number;
  /** Addresses next to the wanted one that are accepted, below and above. */
  readonly nearest_starts: readonly number[];
  /** Sizes next to the wanted one that are accepted. */
  readonly nearest_sizes: readonly number[];
  readonly costs: Costs | null;
  readonly free: number | null;
  readonly memmap_on_memory: { readonly applies: boolean; readonly why: string };
  /** What brings the blocks online: the kernel's policy, a rule of udev, nobody. */
  readonly onlined_by: readonly string[];
  /** The zone in which the blocks land by each way of bringing them online. */
  readonly zones: readonly { readonly how: string; readonly zone: string }[];
  readonly ratio: { readonly before: Ratio; readonly movable: Ratio; readonly kernel: Ratio } | null;
  readonly commands: readonly Command[];
}

/** A huge page of x86-64 and of arm64 with 4K pages, as QEMU sets it. */
const DEVICE_BLOCK = 2 ** 21;

const up = (n: number, unit: number): number => Math.ceil(n / unit) * unit;
const down = (n: number, unit: number): number => Math.floor(n / unit) * unit;

/** The part of a device that becomes memory: drivers of dax devices and virtio-mem use whole blocks, ACPI all or nothing. */
export function usableOf(
  kind: DeviceKind,
  start: number,
  size: number,
  block: number,
): { start: number; size: number } {
  if (kind === 'dimm') return { start, size };
  const first = up(start, block);
  return { start: first, size: Math.max(0, down(start + size, block) - first) };
}

function stepsFor(
  asked: AskedMachine,
  { kind, node, device_block = DEVICE_BLOCK }: AddRequest,
  start: number,
  size: number,
): ScenarioStep[] {
  const { state } = asked.session;
  if (kind === 'dimm') return [{ kind: 'device_add', step: { id: 'mhp-plan', start, size, node } }];
  if (kind === 'virtio-mem') {
    const device = Math.max(-1, ...state.virtio_mem.keys()) + 1;
    return [
      { kind: 'virtio_mem', step: { device, start, size, block: device_block, node } },
      { kind: 'virtio_mem_request', step: { device, size } },
    ];
  }
  const part = usableOf(kind, start, size, asked.session.kernel.c.memory_block_size_bytes);
  return [{ kind: 'add_driver_managed', step: { node, ...part, name: 'System RAM (kmem)', flags: 0 } }];
}

const accepted = ({ errno, refused }: Trial): boolean => errno === null && refused === null;

/** Blocks that are there after and not before. */
const newBlocks = (before: Session, after: Session): number[] =>
  [...after.state.memory_block.keys()]
    .filter((id) => !before.state.memory_block.has(id))
    .sort((a, b) => a - b);

const isDax = (kind: DeviceKind): boolean => kind === 'kmem' || kind === 'cxl';

/** A dax device without a whole memory block: what its driver says. */
function tryTooSmall(asked: AskedMachine, { node }: AddRequest, start: number, size: number): Trial {
  const device = { name: 'dax', kind: 'dax', id: 0, ways: 1, labels: false, carved: false } as const;
  const { errno, messages } = tryUse(asked.session, { ...device, start, size, node }, 'system-ram');
  return { errno: errno ?? 'EINVAL', messages, refused: null, session: asked.session };
}

function tryAdd(asked: AskedMachine, request: AddRequest, start: number, size: number): Trial {
  const block = asked.session.kernel.c.memory_block_size_bytes;
  if (isDax(request.kind) && usableOf(request.kind, start, size, block).size === 0)
    return tryTooSmall(asked, request, start, size);
  const trial = tryOn(asked, stepsFor(asked, request, start, size));
  if (!accepted(trial) || newBlocks(asked.session, trial.session).length > 0) return trial;
  return { ...trial, errno: 'EINVAL' };
}

export function planAdd(asked: AskedMachine, request: AddRequest): AddPlan {
  const { c } = asked.session.kernel;
  const block = c.memory_block_size_bytes;
  const { kind, node, size } = request;
  const start = request.start ?? firstPlace(asked, size) ?? firstPlace(asked, block) ?? 0;
  if (request.policy !== undefined) setPolicy(asked.session, request.policy);
  const trial = tryAdd(asked, request, start, size);
  const ok = accepted(trial);
  const made = ok ? newBlocks(asked.session, trial.session) : [];
  const usable = ok ? made.length * block : 0;
  const short = ok ? null : shortage(asked, size, trial);
  const fits = (of: number): boolean => of > 0 && accepted(tryAdd(asked, request, up(start, block), of));
  return {
    accepted: ok,
    start,
    size,
    kind,
    node,
    errno: trial.errno,
    messages: trial.messages,
    why: ok ? null : (short ?? whyNot(asked, { ...request, start }, trial)),
    block_size: block,
    usable,
    lost: ok ? size - usable : size,
    first_block: made[0] ?? null,
    blocks: made.length,
    nearest_starts:
      start % block === 0 && ok
        ? []
        : near(start, block, (at) =>
            accepted(tryAdd(asked, request, at, kind === 'dimm' ? Math.max(block, up(size, block)) : size)),
          ),
    nearest_sizes: short
      ? largest(size, block, fits)
      : size % block === 0 && ok
        ? []
        : near(size, block, fits),
    costs: ok ? costsOf(asked.session, trial.session, made[0]! * block, usable) : null,
    free: memFree(asked),
    memmap_on_memory: onMemory(asked, kind, usable || size),
    onlined_by: onlinedBy(asked, kind),
    zones: ok ? zonesOf(trial.session, made) : [],
    ratio: ok ? ratioOf(asked.session, usable) : null,
    commands: commandsFor(request, start, made, block),
  };
}

/** Multiples of a unit around a number that pass a test. */
const near = (n: number, unit: number, test: (n: number) => boolean): number[] =>
  [...new Set([down(n, unit), up(n, unit)])].filter((at) => at !== n && test(at));

/** The largest multiple of a unit below a number that passes a test which all smaller ones pass; none if the first fails. */
function largest(n: number, unit: number, test: (n: number) => boolean): number[] {
  let [good, bad] = [0, Math.ceil(n / unit)];
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (test(middle * unit)) good = middle;
    else bad = middle;
  }
  return good > 0 ? [good * unit] : [];
}

/** Why there is no memory for struct pages or page tables; null if that is not what refuses. ACPI makes -EINVAL of -ENOMEM. */
function shortage({ session: { state, kernel } }: AskedMachine, size: number, trial: Trial): string | null {
  const mib = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)}M`;
  const { PAGE_SIZE } = kernel.c;
  const isFree = (page: number): boolean => page_use(page) === USE.FREE;
  const free = state.pages.total(0, Number.MAX_SAFE_INTEGER, isFree) * PAGE_SIZE;
  const needed = (size / PAGE_SIZE) * SIZEOF_STRUCT_PAGE;
  const failed = trial.messages.some((line) => line.startsWith('vmemmap alloc failure'));
  if (!failed && trial.errno !== 'ENOMEM' && !(trial.errno === 'BUG' && needed > free)) return null;
  return `no memory for its struct pages and page tables: the struct pages take ${mib(needed)}, and ${mib(free)} are free`;
}

const POLICIES = ['offline', 'online', 'online_kernel', 'online_movable'];

/** @throws nothing: the caller has checked the name */
function setPolicy(session: Session, policy: string): void {
  session.state.vars.get(0)!.mhp_default_online_type = Math.max(0, POLICIES.indexOf(policy));
}
export const isPolicy = (text: string): boolean => POLICIES.includes(text);

function whyNot(
  asked: AskedMachine,
  { kind, start = 0, size, node, device_block = DEVICE_BLOCK }: AddRequest,
  trial: Trial,
): string {
  const { kernel, state } = asked.session;
  const block = kernel.c.memory_block_size_bytes;
  const power = Math.floor(Math.log2(device_block));
  if (kind === 'virtio-mem' && 2 ** power !== device_block)
    return `a device block of 0x${device_block.toString(16)} is no power of 2, as virtio 1.2 demands: 0x${(2 ** power).toString(16)} and 0x${(2 ** (power + 1)).toString(16)} are`;
  if (trial.refused) return trial.refused;
  if (kind !== 'dimm' && usableOf(kind, start, size, block).size === 0)
    return `less than one whole memory block (0x${block.toString(16)}) is left once the device is aligned`;
  const unaligned = trial.messages.some((line) => line.includes('unaligned hotplug range'));
  if (unaligned) return `start or size is no multiple of the memory block size (0x${block.toString(16)})`;
  if (trial.messages.some((line) => line.includes('exceeds maximum addressable range')))
    return 'it ends above what the linear map of the kernel holds';
  const other = inTheWay(asked, start, size);
  if (other !== null)
    return `it overlaps ${other.name} (0x${other.start.toString(16)}-0x${other.end.toString(16)})`;
  if (trial.errno === 'EEXIST' || trial.messages.some((line) => line.startsWith('Unable to reserve')))
    return 'the range overlaps memory or a device that is there';
  if (kind === 'virtio-mem' && trial.errno === 'ENOSPC')
    return state.vars.get(0)!.mhp_default_online_type > 0
      ? 'the driver finds no memory for the struct pages of all of it'
      : 'the driver plugs no more while 1G of its memory is offline, and auto_online_blocks is offline';
  if (!state.pgdat.has(node)) return `node ${node} is not possible on this machine`;
  if (kind === 'dimm' && !kernel.c.ACPI_HOTPLUG_MEMORY)
    return 'the kernel is built without CONFIG_ACPI_HOTPLUG_MEMORY and ignores DIMMs';
  return trial.errno === 'BUG' ? (trial.messages.at(-1) ?? 'a BUG') : `the kernel returns ${trial.errno}`;
}

function memFree({ tree }: AskedMachine): number | null {
  const kib = /^MemFree: +(\d+) kB$/m.exec(tree?.readText('proc/meminfo') ?? '')?.[1];
  return kib === undefined ? null : Number(kib) * 1024;
}

function onMemory(
  { session: { kernel } }: AskedMachine,
  kind: DeviceKind,
  size: number,
): AddPlan['memmap_on_memory'] {
  const { c } = kernel;
  const supports = (kernel as { mhp_supports_memmap_on_memory?: (size: number) => boolean })
    .mhp_supports_memmap_on_memory;
  if (supports === undefined)
    return { applies: false, why: `${kernel.release} has no memmap_on_memory (v5.14)` };
  if (!c.memmap_on_memory)
    return {
      applies: false,
      why: 'the parameter memory_hotplug.memmap_on_memory is off, or the kernel is built without it',
    };
  if (kind === 'virtio-mem') return { applies: false, why: 'virtio-mem never asks for it' };
  if (kind !== 'dimm')
    return {
      applies: false,
      why: 'for dax devices it is an attribute of the device: daxctl reconfigure-device (v6.9)',
    };
  if (supports.call(kernel, size)) return { applies: true, why: 'each block holds its own struct pages' };
  const many = size !== c.memory_block_size_bytes && supports.call(kernel, c.memory_block_size_bytes);
  return {
    applies: false,
    why: many
      ? `${kernel.release} takes it only for a device of exactly one memory block`
      : 'the struct pages of a block are no whole PMD and pageblocks with this page size',
  };
}

function onlinedBy(asked: AskedMachine, kind: DeviceKind): string[] {
  const policy = POLICIES[asked.session.state.vars.get(0)!.mhp_default_online_type]!;
  const found = onlineRules(asked).map((file) => `udev, by ${file}`);
  if (policy !== 'offline') return [`the kernel: auto_online_blocks is ${policy}`, ...found];
  if (kind === 'kmem' || kind === 'cxl')
    return ['daxctl online-memory, or daxctl reconfigure-device --mode=system-ram', ...found];
  if (kind === 'virtio-mem' && found.length === 0)
    return ['nobody: virtio-mem stops when too much of its memory is offline; set auto_online_blocks'];
  return found.length > 0 ? found : ['nobody: auto_online_blocks is offline and no udev rule was found'];
}

/** The zones that the new blocks can go to, as their valid_zones says, and the zone of those that are online. */
function zonesOf(session: Session, blocks: readonly number[]): AddPlan['zones'] {
  const { state, kernel } = session;
  const found = new Map<string, Set<string>>();
  const add = (how: string, zone: string): void => {
    found.set(how, (found.get(how) ?? new Set()).add(zone));
  };
  for (const id of [blocks[0]!, blocks.at(-1)!]) {
    const own = state.memory_block.get(id)!;
    if (!own.offline) {
      add('by the policy', own.zone < 0 ? 'none' : kernel.c.zones[zone_idx(own.zone)]!);
      continue;
    }
    const entry = lookup(state, kernel, `/sys/devices/system/memory/memory${id}/valid_zones`);
    const words = entry?.kind === 'file' ? entry.text.trim().split(' ') : [];
    if (words[0]) add('online', words[0]);
    for (const zone of words) add(zone === 'Movable' ? 'online_movable' : 'online_kernel', zone);
  }
  return [...found].map(([how, zones]) => ({ how, zone: [...zones].join(', ') }));
}

function ratioOf({ state, kernel }: Session, size: number): AddPlan['ratio'] {
  const before = { movable: 0, kernel: 0 };
  for (const [key, { present_pages }] of state.zone)
    before[zone_idx(key) === kernel.c.ZONE_MOVABLE ? 'movable' : 'kernel'] +=
      present_pages * kernel.c.PAGE_SIZE;
  return {
    before,
    movable: { ...before, movable: before.movable + size },
    kernel: { ...before, kernel: before.kernel + size },
  };
}
