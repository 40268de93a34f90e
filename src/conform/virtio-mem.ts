import type { Op } from '../machines/recording/ops.ts';
import type { RecordingStep } from '../machines/recording/recording.ts';
import type { ScenarioStep } from '../scenarios/format/step-schema.ts';
import { perform } from '../scenarios/running/perform.ts';
import { type Result, returned } from '../scenarios/running/result.ts';
import type { Session } from '../scenarios/running/session.ts';
import type { Because } from './because.ts';

/** Virtio-mem devices of a recording, and the loading of their driver. */

const DRIVER = '/sys/bus/virtio/drivers/virtio_mem';

interface Device {
  readonly id: string;
  readonly addr: number;
  readonly size: number;
  readonly node: number;
  readonly block_size?: number | undefined;
  /** N of virtioN; undefined while no driver has bound to it. */
  number?: number;
}

const devices = new WeakMap<Session, Device[]>();

const of = (session: Session): Device[] => {
  const known = devices.get(session) ?? [];
  devices.set(session, known);
  return known;
};

/** The number of the device on its bus, from what the driver printed when it bound to the device, or from its region. */
function numberIn({ tree }: RecordingStep, { addr, size }: Device): number | undefined {
  const log = tree.readText('dmesg') ?? tree.readText('dmesg-delta.txt') ?? '';
  const region = `${addr.toString(16).padStart(8, '0')}-${(addr + size - 1).toString(16).padStart(8, '0')}`;
  const found =
    new RegExp(`virtio_mem virtio(\\d{1,4}): start address: 0x${addr.toString(16)}\\r?$`, 'm').exec(log) ??
    new RegExp(`^ *${region} : virtio(\\d{1,4})$`, 'm').exec(tree.readText('proc/iomem') ?? '');
  return found ? Number(found[1]) : undefined;
}

const nameOf = ({ number }: Device): string => `virtio${number}`;

/** What the driver does with a device if the recording shows that it has bound to it. */
function bind(session: Session, device: Device, step: RecordingStep): ScenarioStep | null {
  const { addr, size, node, block_size } = device;
  const number = numberIn(step, device);
  if (number === undefined || session.state.virtio_mem.get(number)?.bound) return null;
  device.number = number;
  if (session.state.virtio_mem.has(number)) {
    return { kind: 'write', step: { path: `${DRIVER}/bind`, value: nameOf(device) } };
  }
  return {
    kind: 'virtio_mem',
    step: { device: number, start: addr, size, block: block_size ?? 2 ** 21, node },
  };
}

/** A device appears. Its driver binds to it at once or, if it is not loaded yet, later. */
export function plugVirtioMem(
  session: Session,
  { id, addr, size, node, block_size }: Op & { op: 'device_add' } & { readonly addr: number },
  step: RecordingStep,
): ScenarioStep | Because {
  const device: Device = { id, addr, size, node, block_size };
  of(session).push(device);
  return bind(session, device, step) ?? { because: `device_add ${id}: no driver is bound to it` };
}

/** The device that the host unplugs; undefined if it is no virtio-mem device that the kernel knows. */
export function unplugVirtioMem(session: Session, id: string): ScenarioStep | undefined {
  const all = of(session);
  const at = all.findIndex((device) => device.id === id && device.number !== undefined);
  if (at < 0) return undefined;
  const [device] = all.splice(at, 1);
  return { kind: 'virtio_mem_remove', step: { device: device!.number! } };
}

/**
 * A module is loaded or unloaded: virtio_mem binds to the devices that are there, or lets go of them; no
 * other module has a device.
 */
export function moduleChanged(
  session: Session,
  { name, action }: Op & { op: 'module' },
  step: RecordingStep,
): Result | Because {
  if (name.replaceAll('-', '_') !== 'virtio_mem') return returned(0);
  if (action !== 'load' && action !== 'unload')
    return { because: `module ${name}: ${action} is not modelled`, unread: true };
  let result = returned(0);
  for (const device of of(session)) {
    const does = action === 'load' ? bind(session, device, step) : unbind(session, device);
    if (does === null) continue;
    const { events } = result;
    result = perform(session, does);
    result = { ...result, events: [...events, ...result.events] };
  }
  return result;
}

/** The step of a write that binds the driver to a device that the model does not know yet; undefined for any other write. */
export function bindVirtioMem(
  session: Session,
  path: string,
  value: string,
  step: RecordingStep,
): ScenarioStep | undefined {
  if (path !== `${DRIVER}/bind`) return undefined;
  const device = of(session).find((one) => `virtio${numberIn(step, one)}` === value.trim());
  return (device && bind(session, device, step)) ?? undefined;
}

function unbind(session: Session, device: Device): ScenarioStep | null {
  const { number } = device;
  if (number === undefined || !session.state.virtio_mem.get(number)?.bound) return null;
  return { kind: 'write', step: { path: `${DRIVER}/unbind`, value: nameOf(device) } };
}

export function requestVirtioMem(
  session: Session,
  { id, size }: Op & { op: 'virtio_mem_request' },
): ScenarioStep | Because {
  const number = of(session).find((device) => device.id === id)?.number;
  if (number === undefined) return { because: `virtio_mem_request ${id}: no driver is bound to it` };
  return { kind: 'virtio_mem_request', step: { device: number, size } };
}

/** Bytes of the device that are plugged; undefined if no driver is bound to it. */
export function pluggedSize(session: Session, id: string): number | undefined {
  const number = of(session).find((device) => device.id === id)?.number;
  return number === undefined ? undefined : session.state.virtio_mem.get(number)?.plugged_size;
}
