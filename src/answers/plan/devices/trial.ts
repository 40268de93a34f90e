import { newInstance } from '../../../boot/devices/device-ranges.ts';
import { BadOperation } from '../../../errors/bad-operation.ts';
import { daxctl } from '../../../scenarios/nvdimm/daxctl.ts';
import { ndctl } from '../../../scenarios/nvdimm/ndctl.ts';
import { runTool } from '../../../scenarios/nvdimm/tool.ts';
import type { Result } from '../../../scenarios/running/result.ts';
import type { Session } from '../../../scenarios/running/session.ts';
import { describeRegion } from '../../../scenarios/steps/devices/nvdimm.ts';
import { copyOf } from '../trial.ts';
import type { Range } from './bare-machine.ts';

/** Devices set up on a machine that has booted without them, as ndctl and daxctl do it. */

export interface Device extends Range {
  readonly name: string;
  readonly kind: 'pmem' | 'dax' | 'cxl';
  /** The number in its name. */
  readonly id: number;
  /** The node of its memory. */
  readonly node: number;
  /** The number of devices that it is interleaved among. */
  readonly ways: number;
  /** pmem: whether it has a label area; whether it is carved out of RAM. */
  readonly labels: boolean;
  readonly carved: boolean;
}

/** How memory of a device is used: a file system with DAX, or memory of the kernel. */
export type Use = 'fsdax' | 'system-ram';

/** What becomes of a device's bytes. */
export interface Outcome {
  readonly use: Use;
  readonly accepted: boolean;
  readonly errno: string | null;
  readonly messages: readonly string[];
  /** Bytes for data, or in memory blocks. */
  readonly usable: number;
  /** Bytes of struct pages and info block on the device. */
  readonly metadata: number;
  /** Bytes left out so that nothing is shared with a neighbour, or because they make no whole memory block. */
  readonly lost: number;
  readonly section_size: number;
  readonly block_size: number;
  readonly first_block: number | null;
  readonly blocks: number;
}

const nodeIn = ({ state }: Session, node: number): number =>
  state.pgdat.has(node) ? node : Math.min(...state.pgdat.keys());

const messagesOf = (results: readonly Result[]): string[] =>
  results.flatMap(({ events }) =>
    events.flatMap((event) => ('text' in event && event.text !== '' ? [event.text] : [])),
  );

/** The machine with its regions of persistent memory, on which nothing is yet. */
export function describeAll(bare: Session, devices: readonly Device[]): Session {
  const session = copyOf({ session: bare });
  for (const { kind, id, start, size, node, labels, carved } of devices)
    if (kind === 'pmem')
      describeRegion(session, { region: id, start, size, node: nodeIn(session, node), labels, carved });
  return session;
}

/** A run of a tool, which may say why it refuses before it asks the kernel. */
function runSaid(session: Session, tool: ToolFunction, line: string): Done {
  const said: string[] = [];
  const result = runTool(
    session,
    (on, argv) => {
      const done = tool(on, argv);
      said.push(...done.said);
      return done;
    },
    line,
  );
  return { result, messages: [...messagesOf([result]), ...said] };
}

type ToolFunction = Parameters<typeof runTool>[1];

interface Done {
  readonly result: Result;
  readonly messages: readonly string[];
}

/** A namespace over the whole region, as `ndctl create-namespace` makes it: struct pages on the device. */
function createNamespace(session: Session, { id, labels, carved }: Device, mode: string): Done {
  const on = labels && !carved ? `-r region${id}` : `-e namespace${id}.0`;
  return runSaid(session, ndctl, `create-namespace -f ${on} -m ${mode} -M dev`);
}

interface Laid {
  readonly done: Done;
  readonly data: number;
  readonly metadata: number;
  readonly padding: number;
}

function layOut(session: Session, device: Device, mode: string): Laid {
  const done = createNamespace(session, device, mode);
  const none = { done, data: 0, metadata: 0, padding: device.size };
  const { state } = session;
  const ns = [...state.nd_namespace.values()].find((one) => one.region === device.id && one.size > 0);
  const sb = ns && state.nd_pfn.get(ns.claim)?.bound ? state.nd_pfn.get(ns.claim)!.pfn_sb : null;
  if (!ns || !sb) return none;
  const padding = sb.start_pad + sb.end_trunc + (device.size - ns.size);
  return {
    done,
    data: device.size - padding - sb.dataoff,
    metadata: sb.dataoff,
    padding,
  };
}

/** Gives an instance of device-dax to the kernel as memory. */
function toSystemRam(session: Session, name: string): Done {
  return runSaid(session, daxctl, `reconfigure-device -N -f -m system-ram ${name}`);
}

function instanceOf(session: Session, device: Device): string {
  const { kernel, state } = session;
  const data = { target_node: nodeIn(session, device.node), memmap_on_memory: false };
  session.call(newInstance(kernel, state, device.id, device, data));
  return `dax${device.id}.0`;
}

/** What would become of a device; `described` is left as it is. */
export function tryUse(described: Session, device: Device, use: Use): Outcome {
  const session = copyOf({ session: described });
  const { kernel, state } = session;
  const before = new Set(state.memory_block.keys());
  const bytes = kernel.c.memory_block_size_bytes;
  const sizes = { use, section_size: kernel.c.SECTION_SIZE, block_size: bytes };
  const nothing = { usable: 0, metadata: 0, lost: device.size, first_block: null, blocks: 0 };
  try {
    const mode = use === 'fsdax' ? 'fsdax' : 'devdax';
    const laid = device.kind === 'pmem' ? layOut(session, device, mode) : null;
    const none = laid && laid.data === 0;
    if (none || use === 'fsdax') {
      const { done, data, metadata, padding } = laid!;
      const about = { ...sizes, messages: done.messages };
      if (none) return { ...about, ...nothing, accepted: false, errno: done.result.errno ?? 'ENXIO' };
      const sums = { usable: data, metadata, lost: padding, first_block: null, blocks: 0 };
      return { ...about, ...sums, accepted: true, errno: null };
    }
    const name = laid
      ? [...state.dev_dax.values()].find((dax) => dax.name.startsWith(`dax${device.id}.`))?.name
      : instanceOf(session, device);
    if (name === undefined)
      return { ...sizes, ...nothing, accepted: false, errno: 'ENODEV', messages: laid!.done.messages };
    const { result, messages: said } = toSystemRam(session, name);
    const made = [...state.memory_block.keys()].filter((id) => !before.has(id)).sort((a, b) => a - b);
    const messages = [...(laid?.done.messages ?? []), ...said];
    if (made.length === 0)
      return { ...sizes, ...nothing, accepted: false, errno: result.errno ?? 'EINVAL', messages };
    const usable = made.length * bytes;
    return {
      ...sizes,
      accepted: true,
      errno: null,
      messages,
      usable,
      metadata: laid?.metadata ?? 0,
      lost: device.size - (laid?.metadata ?? 0) - usable,
      first_block: made[0]!,
      blocks: made.length,
    };
  } catch (error) {
    if (!(error instanceof BadOperation)) throw error;
    return { ...sizes, ...nothing, accepted: false, errno: null, messages: [error.message] };
  }
}
