import { UserError } from '../../errors/user-error.ts';
import { bytes } from '../../scenarios/steps/common/values.ts';
import { VIRTIO_MEM_DEVICES } from '../machine/devices.ts';
import { QmpRefusal } from '../qemu/qmp.ts';
import type { Performer, RecordedOp, Run } from './performer.ts';
import { write } from './write.ts';

/** virtio-mem devices: they are on the PCI bus from the boot on, and their driver binds to one when a step says so. */

const DRIVER = '/sys/bus/virtio/drivers/virtio_mem';

/** Seconds after which a device that does not change any more counts as done. */
const SETTLED = 6;

/** The work of the driver runs on system_freezable_wq; a worker has its queue in its name, behind a + while it works. */
const BUSY = "grep -qs '+events_freezable' /proc/[0-9]*/comm";

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until `done` holds, or has not changed what it reads for some time, and the driver does not work any more. */
async function settle<T>(run: Run, read: () => Promise<T>, done: (value: T) => boolean): Promise<T> {
  const { guest, timeout } = run;
  const until = Date.now() + timeout * 1000;
  let [last, since] = [await read(), Date.now()];
  for (let idle = 0; Date.now() < until && !guest.signal.aborted; ) {
    idle = (await guest.run(BUSY, 20)).status === 0 ? 0 : idle + 1;
    const now = await read();
    if (now !== last || idle === 0) since = Date.now();
    last = now;
    if (idle >= 3 && (done(last) || Date.now() - since > SETTLED * 1000)) break;
    await pause(200);
  }
  return last;
}

/** The name that the guest's bus has for a device: virtioN. */
async function nameOf({ guest }: Run, device: number): Promise<string> {
  const slot = guest.machine.devices.find(({ id }) => id === `virtio${device}`)?.slot ?? 0;
  const { out } = await guest.run(`basename /sys/bus/pci/devices/0000:00:${slot.toString(16)}.0/virtio*`, 20);
  const name = out.toString().trim();
  if (!/^virtio\d+$/.test(name)) throw new UserError(`the guest does not see virtio${device} on its PCI bus`);
  return name;
}

async function driver(run: Run, device: number, file: 'bind' | 'unbind'): Promise<RecordedOp> {
  const op = await write(run, `${DRIVER}/${file}`, await nameOf(run, device));
  await settle(
    run,
    async () => null,
    () => true,
  );
  return op;
}

export const virtioMem: Performer<'virtio_mem'> = {
  options: () => ['VIRTIO_MEM'],
  modules: () => ['virtio_mem'],
  refuses: ({ device }) =>
    device < VIRTIO_MEM_DEVICES ? null : `QEMU's machine has slots for ${VIRTIO_MEM_DEVICES} devices`,
  async *perform(run, { device }) {
    yield await driver(run, device, 'bind');
  },
};

export const virtioMemRequest: Performer<'virtio_mem_request'> = {
  options: () => ['VIRTIO_MEM'],
  refuses: ({ queued }) => (queued ? 'a request that the driver does not begin cannot be made' : null),
  async *perform(run, { device, size }) {
    const { qmp } = run.guest;
    const id = `virtio${device}`;
    const path = `/machine/peripheral/${id}`;
    const wanted = bytes(size);
    const op = { op: 'virtio_mem_request', id, size: wanted };
    try {
      await qmp.execute('qom-set', { path, property: 'requested-size', value: wanted });
    } catch (error) {
      if (!(error instanceof QmpRefusal)) throw error;
      yield { ...op, error: error.message, plugged: null };
      return;
    }
    const plugged = await settle(
      run,
      async () => Number(await qmp.execute('qom-get', { path, property: 'size' })),
      (now) => now === wanted,
    );
    yield { ...op, error: null, plugged };
  },
};

/** QEMU does not take such a device out of a machine; its driver lets go of it. */
export const virtioMemRemove: Performer<'virtio_mem_remove'> = {
  options: () => ['VIRTIO_MEM'],
  async *perform(run, { device }) {
    yield await driver(run, device, 'unbind');
  },
};
