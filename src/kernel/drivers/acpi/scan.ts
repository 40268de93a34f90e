import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { lock_device_hotplug, unlock_device_hotplug } from '../../locks.ts';
import { lock, look, operation, pr_warn, R, unlock, W } from '../../ops.ts';
import type { acpi_physical_node, State } from '../../state.ts';

/**
 * drivers/acpi/scan.c: the handling of the firmware's notifications, and the status returned to the firmware (_OST).
 */

export const ACPI_OST_SC_SUCCESS = 0;
export const ACPI_OST_SC_NON_SPECIFIC_FAILURE = 1;
export const ACPI_OST_SC_EJECT_NOT_SUPPORTED = 0x80;
export const ACPI_OST_SC_DEVICE_IN_USE = 0x81;
export const ACPI_OST_SC_DEVICE_BUSY = 0x82;
export const ACPI_OST_SC_EJECT_IN_PROGRESS = 0x84;

/** The device below which the firmware's namespace lists all memory devices, and which is none itself. */
const PARENT = -1;

/** In the order of the namespace, which is that of the slots. */
const children = operation({
  name: 'children',
  obj: 'acpi_device',
  writes: false,
  run: (state: State, device: number): number[] =>
    device === PARENT ? [...state.acpi_device.keys()].sort((a, b) => a - b) : [],
});

export const ACPI_NOTIFY_DEVICE_CHECK = 1;
export const ACPI_NOTIFY_EJECT_REQUEST = 3;

export const v5_2 = {
  /**
   * One pass over the blocks of the device. The first pass continues after refusals; the second skips the blocks that
   * the first took offline and stops at the next refusal. Returns the block that refused, or -1.
   */
  *acpi_bus_offline(this: Kernel, dev: number, second_pass: boolean): Steps<number> {
    yield* lock(`physical_node_lock ${dev}`, 'mutex');
    const nodes: acpi_physical_node[] = [];
    let errdev = -1;
    let stopped = false;
    for (const pn of yield* R('acpi_device', dev, 'physical_node_list')) {
      if (stopped || (second_pass && pn.put_online)) {
        nodes.push(pn);
        continue;
      }
      const ret = yield* this.device_offline(pn.block);
      nodes.push({ block: pn.block, put_online: ret === 0 });
      if (ret < 0) {
        errdev = pn.block;
        stopped = second_pass;
      }
    }
    yield* W('acpi_device', dev, 'physical_node_list', nodes);
    yield* unlock(`physical_node_lock ${dev}`, 'mutex');
    return errdev;
  },

  /** Onlines the blocks that were taken offline, with the online_type stored in the block. */
  *acpi_bus_online(this: Kernel, dev: number): Steps<void> {
    yield* lock(`physical_node_lock ${dev}`, 'mutex');
    const nodes = yield* R('acpi_device', dev, 'physical_node_list');
    for (const pn of nodes) if (pn.put_online) yield* this.device_online(pn.block);
    yield* W(
      'acpi_device',
      dev,
      'physical_node_list',
      nodes.map(({ block }) => ({ block, put_online: false })),
    );
    yield* unlock(`physical_node_lock ${dev}`, 'mutex');
  },

  *acpi_scan_try_to_offline(this: Kernel, dev: number): Steps<number> {
    if ((yield* this.acpi_bus_offline(dev, false)) < 0) return 0;
    const errdev = yield* this.acpi_bus_offline(dev, true);
    if (errdev < 0) return 0;
    yield* pr_warn(`memory memory${errdev}: Offline failed.`);
    yield* this.acpi_bus_online(dev);
    return -this.errno.EBUSY;
  },

  /** The device gets its handler, which adds its memory. Built without the handler, nothing happens. */
  *acpi_scan_attach_handler(this: Kernel, device: number): Steps<number> {
    return this.c.ACPI_HOTPLUG_MEMORY ? yield* this.acpi_memory_device_add(device) : 0;
  },

  /** The device and those below it. One that was refused before has no handler, and is tried again. */
  *acpi_bus_attach(this: Kernel, device: number): Steps<void> {
    if (device !== PARENT && !(yield* R('acpi_device', device, 'attached')))
      yield* this.acpi_scan_attach_handler(device);
    for (const child of yield* look(children, device)) yield* this.acpi_bus_attach(child);
  },

  *acpi_bus_scan(this: Kernel, handle: number): Steps<void> {
    yield* this.acpi_bus_attach(handle);
  },

  /** Device check: returns the status codes for the firmware. */
  *acpi_scan_device_check(this: Kernel, adev: number): Steps<readonly number[]> {
    yield* lock_device_hotplug();
    yield* lock('acpi_scan_lock', 'mutex');
    if (!(yield* R('acpi_device', adev, 'attached'))) yield* this.$acpi_scan_found(adev);
    const code = yield* this.$acpi_attach_status(adev);
    yield* unlock('acpi_scan_lock', 'mutex');
    yield* unlock_device_hotplug();
    return [code];
  },

  /** Until v6.8 the device alone was scanned. */
  *$acpi_scan_found(this: Kernel, adev: number): Steps<void> {
    yield* this.acpi_bus_scan(adev);
  },

  /** Until 5.10 stable a driver that did not bind was reported as a failure. */
  *$acpi_attach_status(this: Kernel, dev: number): Steps<number> {
    if (yield* R('acpi_device', dev, 'attached')) return ACPI_OST_SC_SUCCESS;
    yield* pr_warn(`acpi ${yield* R('acpi_device', dev, 'name')}: Enumeration failure`);
    return ACPI_OST_SC_NON_SPECIFIC_FAILURE;
  },

  /** What the firmware notifies the device of, in the work queue for hotplug; the status codes for the firmware. */
  *acpi_device_hotplug(this: Kernel, adev: number, src: number): Steps<readonly number[]> {
    return src === ACPI_NOTIFY_EJECT_REQUEST
      ? yield* this.$acpi_eject_request(adev)
      : yield* this.acpi_scan_device_check(adev);
  },

  /** Eject request: "in progress", then "success", or "busy" if a block stays online. */
  *$acpi_eject_request(this: Kernel, dev: number): Steps<readonly number[]> {
    yield* lock_device_hotplug();
    yield* lock('acpi_scan_lock', 'mutex');
    const error = yield* this.acpi_scan_try_to_offline(dev);
    if (error === 0) yield* this.acpi_memory_device_remove(dev);
    yield* unlock('acpi_scan_lock', 'mutex');
    yield* unlock_device_hotplug();
    return [ACPI_OST_SC_EJECT_IN_PROGRESS, error ? ACPI_OST_SC_DEVICE_BUSY : ACPI_OST_SC_SUCCESS];
  },
};

export const v5_10 = {
  /** The status is success whatever happened. */
  *$acpi_attach_status(this: Kernel, _dev: number): Steps<number> {
    return ACPI_OST_SC_SUCCESS;
  },
};

/** 4f4a335acfbb (v6.9). */
export const v6_9 = {
  /** The device's parent is scanned: devices refused before are tried again, the new one in its place among them. */
  *$acpi_scan_found(this: Kernel, _adev: number): Steps<void> {
    yield* this.acpi_scan_rescan_bus(PARENT);
  },

  *acpi_scan_rescan_bus(this: Kernel, adev: number): Steps<void> {
    yield* this.acpi_bus_scan(adev);
  },
};
