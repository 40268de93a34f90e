import { bytes } from '../../scenarios/steps/common/values.ts';
import { deviceOf, type MemoryDevice } from '../machine/devices.ts';
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
  size: kind === 'nvdimm' && labels ? size - 128 * 1024 : size,
  node,
  addr: start,
  ...(labels && { label_size: 128 * 1024 }),
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
async function plug(run: Run, device: MemoryDevice, reports: boolean): Promise<RecordedOp> {
  const { guest, timeout } = run;
  guest.qmp.takeEvents();
  try {
    await guest.plug(device);
  } catch (error) {
    if (!(error instanceof QmpRefusal)) throw error;
    return { ...opOf(device), error: error.message, ost: [] };
  }
  run.plugged.set(device.id, device);
  const events = await guest.events((all) => ostOf(all).length > 0, reports ? timeout : 2);
  const ost = ostOf(events);
  return { ...opOf(device), error: null, ost, ...(reports && ost.length === 0 && { ost_unrecorded: true }) };
}

export const deviceAdd: Performer<'device_add'> = {
  options: ({ kind }) =>
    kind === 'nvdimm' ? ['ACPI_NFIT', 'LIBNVDIMM', 'ZONE_DEVICE'] : ['ACPI_HOTPLUG_MEMORY'],
  modules: ({ kind }) => (kind === 'nvdimm' ? NVDIMM_MODULES : []),
  cold: ({ cold_plugged }) => cold_plugged ?? false,
  async *perform(run, step) {
    yield await plug(run, deviceOf({ kind: 'device_add', step })!, step.kind !== 'nvdimm');
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
  const isAcpi = run.plugged.get(id)?.kind !== 'virtio-mem';
  const events = [...(await guest.events((all) => (isAcpi ? answered(all) : deleted(all)), timeout))];
  // the firmware gets its status after the device is gone, and QEMU tells of a refusal after the status
  events.push(
    ...(await guest.events(
      (all) => deleted([...events, ...all]) && (!isAcpi || answered([...events, ...all])),
      1,
    )),
  );
  if (deleted(events)) {
    run.plugged.delete(id);
    await guest.unplugged(id);
  }
  const ost = ostOf(events);
  const hung = isAcpi ? !answered(events) : !deleted(events);
  return { ...op, error: null, events: eventsOf(events, id), ost, ...(hung && { unknown: true }) };
}

/** The modules that bring up an NVDIMM and what is made of it. */
export const NVDIMM_MODULES = ['nfit', 'nd_pmem', 'nd_btt', 'dax_pmem', 'device_dax', 'kmem'];

export const nvdimm: Performer<'nvdimm'> = {
  options: () => ['ACPI_NFIT', 'LIBNVDIMM', 'ZONE_DEVICE'],
  modules: () => NVDIMM_MODULES,
  refuses: ({ carved, written_on: from }) =>
    carved
      ? 'QEMU has no memory carved out of RAM'
      : from
        ? 'what another machine wrote on it cannot be had'
        : null,
  cold: () => true,
  async *perform() {},
};

export const virtioMem: Performer<'virtio_mem'> = {
  options: () => ['VIRTIO_MEM'],
  modules: () => ['virtio_mem'],
  async *perform(run, step) {
    const device = deviceOf({ kind: 'virtio_mem', step })!;
    const op = await plug(run, device, false);
    // the driver binds when the slot's link is up
    for (let tries = 0; op.error === null && tries < 20; tries++) {
      const { out } = await run.guest.run(`grep -c ' : virtio' /proc/iomem`, 20);
      if (Number(out.toString()) > 0) break;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    yield op;
  },
};

/** Seconds after which a virtio-mem device that does not change any more counts as done. */
const SETTLED = 6;

export const virtioMemRequest: Performer<'virtio_mem_request'> = {
  options: () => ['VIRTIO_MEM'],
  refuses: ({ queued }) => (queued ? 'a request that the driver does not begin cannot be made' : null),
  async *perform({ guest, timeout }, { device, size }) {
    const id = `virtio${device}`;
    const path = `/machine/peripheral/${id}`;
    const wanted = bytes(size);
    const op = { op: 'virtio_mem_request', id, size: wanted };
    try {
      await guest.qmp.execute('qom-set', { path, property: 'requested-size', value: wanted });
    } catch (error) {
      if (!(error instanceof QmpRefusal)) throw error;
      yield { ...op, error: error.message, plugged: null };
      return;
    }
    const plugged = async (): Promise<number> =>
      Number(await guest.qmp.execute('qom-get', { path, property: 'size' }));
    const until = Date.now() + timeout * 1000;
    let [last, since] = [await plugged(), Date.now()];
    while (
      last !== wanted &&
      Date.now() - since < SETTLED * 1000 &&
      Date.now() < until &&
      !guest.signal.aborted
    ) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      const now = await plugged();
      if (now !== last) [last, since] = [now, Date.now()];
    }
    yield { ...op, error: null, plugged: last };
  },
};

export const virtioMemRemove: Performer<'virtio_mem_remove'> = {
  options: () => ['VIRTIO_MEM'],
  async *perform(run, { device }) {
    yield await unplug(run, `virtio${device}`);
  },
};
