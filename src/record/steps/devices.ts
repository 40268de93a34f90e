import { UserError } from '../../errors/user-error.ts';
import { deviceOf, type MemoryDevice } from '../machine/devices.ts';
import { LABEL_AREA } from '../machine/labels.ts';
import { type QmpEvent, QmpRefusal } from '../qemu/qmp.ts';
import type { Performer, RecordedOp, Run } from './performer.ts';

/** Memory devices, plugged and unplugged through QEMU's monitor. */

/** _OST: the ejection has begun (ACPI 6.5, 6.3.5.2). */
const EJECTION_IN_PROGRESS = 132;

interface Ost {
  readonly source: number;
  readonly status: number;
}

/** The status codes that the firmware got, in order. */
const ostOf = (events: readonly QmpEvent[]): number[] =>
  events.flatMap(({ event, data }) => (event === 'ACPI_DEVICE_OST' ? [(data!.info as Ost).status] : []));

/** Events of a device that is unplugged; QEMU 7.2 has two for one refusal. */
const EVENTS = new Set(['DEVICE_DELETED', 'MEM_UNPLUG_ERROR', 'DEVICE_UNPLUG_GUEST_ERROR']);

const eventsOf = (events: readonly QmpEvent[], id: string): string[] =>
  events.flatMap(({ event, data }) => (EVENTS.has(event) && data?.device === id ? [event] : []));

const opOf = ({ kind, id, size, node, start, labels, block }: MemoryDevice): RecordedOp => ({
  op: 'device_add',
  kind: kind === 'backing' ? 'virtio-mem' : kind,
  id,
  size,
  node,
  addr: start,
  ...(labels && { label_size: LABEL_AREA }),
  ...(block !== undefined && { block_size: block }),
});

/** The operation of a device that was there before boot. */
export const coldOp = (device: MemoryDevice): RecordedOp => ({
  ...opOf(device),
  error: null,
  ost: [],
  cold_plugged: true,
});

/** Plugs a DIMM or an NVDIMM and waits for what the firmware is told. */
async function plug(run: Run, device: MemoryDevice): Promise<RecordedOp> {
  const { guest, timeout } = run;
  const reports = device.kind !== 'nvdimm';
  guest.qmp.takeEvents();
  try {
    await guest.plug(device);
  } catch (error) {
    if (!(error instanceof QmpRefusal)) throw error;
    return { ...opOf(device), error: error.message, ost: [] };
  }
  run.plugged.set(device.id, device);
  if (!reports) await regionOf(run, device);
  const events = await guest.events((all) => ostOf(all).length > 0, reports ? timeout : 0);
  const ost = ostOf(events);
  return { ...opOf(device), error: null, ost, ...(reports && ost.length === 0 && { ost_unrecorded: true }) };
}

export const deviceAdd: Performer<'device_add'> = {
  options: ({ kind }) =>
    kind === 'nvdimm' ? ['ACPI_NFIT', 'LIBNVDIMM', 'ZONE_DEVICE'] : ['ACPI_HOTPLUG_MEMORY'],
  modules: ({ kind }) => (kind === 'nvdimm' ? NVDIMM_MODULES : []),
  cold: ({ cold_plugged }) => cold_plugged ?? false,
  async *perform(run, step) {
    yield await plug(run, deviceOf({ kind: 'device_add', step })!);
  },
};

export const deviceDel: Performer<'device_del'> = {
  options: () => ['ACPI_HOTPLUG_MEMORY'],
  async *perform(run, { id }) {
    yield await unplug(run, id);
  },
};

async function unplug(run: Run, id: string): Promise<RecordedOp> {
  const { guest, timeout } = run;
  const op = { op: 'device_del', id };
  guest.qmp.takeEvents();
  try {
    await guest.qmp.execute('device_del', { id });
  } catch (error) {
    if (!(error instanceof QmpRefusal)) throw error;
    return { ...op, error: error.message, events: [], ost: [] };
  }
  const deleted = (events: readonly QmpEvent[]): boolean => eventsOf(events, id).includes('DEVICE_DELETED');
  const answered = (events: readonly QmpEvent[]): boolean =>
    ostOf(events).some((status) => status !== EJECTION_IN_PROGRESS);
  const events = [...(await guest.events(answered, timeout))];
  // the firmware gets its status after the device is gone, and QEMU tells of a refusal after the status
  events.push(
    ...(await guest.events((all) => deleted([...events, ...all]) && answered([...events, ...all]), 1)),
  );
  if (deleted(events)) {
    run.plugged.delete(id);
    await guest.unplugged(id);
  }
  const ost = ostOf(events);
  return {
    ...op,
    error: null,
    events: eventsOf(events, id),
    ost,
    ...(!answered(events) && { unknown: true }),
  };
}

/** Waits until the kernel knows the region of an NVDIMM and has done with it. */
async function regionOf({ guest, timeout }: Run, { start }: MemoryDevice): Promise<void> {
  const known = `grep -qsx 0x${start.toString(16)} /sys/bus/nd/devices/region*/resource`;
  await guest.run(`for i in $(seq ${timeout}); do ${known} && break; sleep 1; done; ${PROBED}`, timeout + 30);
}

/** Waits for what the kernel does with NVDIMMs in the background. */
const PROBED = 'cat /sys/bus/nd/devices/ndbus*/wait_probe > /dev/null';

/**
 * Waits until the kernel has done with the NVDIMMs that were there before boot.
 * @throws UserError if it numbers their regions otherwise than the scenario
 */
export async function regionsAreKnown({ guest, timeout }: Run): Promise<void> {
  const nvdimms = guest.machine.devices.filter(({ kind, cold }) => kind === 'nvdimm' && cold);
  if (nvdimms.length === 0) return;
  const { out } = await guest.run(
    `${PROBED}; grep -s '' /dev/null /sys/bus/nd/devices/region*/resource`,
    timeout,
  );
  for (const { region, start } of nvdimms) {
    const found = new RegExp(`/region(\\d+)/resource:0x${start.toString(16)}$`, 'm').exec(
      out.toString(),
    )?.[1];
    if (region !== undefined && String(region) !== found)
      throw new UserError(
        `the NVDIMM at 0x${start.toString(16)} is ${found === undefined ? 'no region' : `region${found}`} of this kernel, and region${region} of the scenario`,
      );
  }
}

/** The modules that bring up an NVDIMM and what is made of it. */
export const NVDIMM_MODULES = ['nfit', 'nd_e820', 'nd_pmem', 'nd_btt', 'dax_pmem', 'device_dax', 'kmem'];

export const nvdimm: Performer<'nvdimm'> = {
  options: ({ carved }) => [carved ? 'X86_PMEM_LEGACY' : 'ACPI_NFIT', 'LIBNVDIMM', 'ZONE_DEVICE'],
  modules: () => NVDIMM_MODULES,
  refuses: ({ written_on: from }) => (from ? 'what another machine wrote on it cannot be had' : null),
  cold: () => true,
  async *perform() {},
};
