import { z } from 'zod';
import { v5_2 } from '../../../kernel/drivers/acpi/acpi_memhotplug.ts';
import { ACPI_NOTIFY_DEVICE_CHECK, ACPI_NOTIFY_EJECT_REQUEST } from '../../../kernel/drivers/acpi/scan.ts';
import type { Kernel } from '../../../kernel/kernel.ts';
import { lock_device_hotplug, unlock_device_hotplug } from '../../../kernel/locks.ts';
import { lock, unlock } from '../../../kernel/ops.ts';
import { zone_idx } from '../../../kernel/state.ts';
import { errnoName } from '../../../steps/errno.ts';
import type { Steps } from '../../../steps/step.ts';
import { type Result, returned } from '../../running/result.ts';
import type { Session } from '../../running/session.ts';
import { stepKind } from '../common/kind.ts';
import { lacksDeviceMemory } from '../common/lacks.ts';
import { unexpected } from '../common/unexpected.ts';
import { nid, range, rangeOf, rangeText, result } from '../common/values.ts';
import { describeRegion } from './nvdimm.ts';

/** DIMMs, plugged and unplugged by the machine monitor. */

const id = z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, { error: 'is not a device id' });
const ost = z.array(z.int()).optional();

/** Slots of the DIMMs by the monitor's ids. */
const plugged = new WeakMap<Session, Map<string, number>>();

function slotsOf(session: Session): Map<string, number> {
  const known = plugged.get(session) ?? new Map<string, number>();
  plugged.set(session, known);
  return known;
}

/** Bytes of a plugged DIMM, or null. */
export function deviceRange(session: Session, id: string): { start: number; size: number } | null {
  const slot = slotsOf(session).get(id);
  const acpi = slot === undefined ? undefined : session.state.acpi_device.get(slot);
  return acpi ? { start: acpi.start, size: acpi.length } : null;
}

/** Runs a thread whose status codes go to the firmware. The thread itself returns nothing to any caller. */
function firmware(session: Session, thread: Steps<readonly number[]>): Result {
  const codes: number[] = [];
  function* told(): Steps<number> {
    codes.push(...(yield* thread));
    return 0;
  }
  return { ...session.call(told()), ost: codes };
}

const refused = (result: Result, errno: number): Result => ({
  ...result,
  ret: -errno,
  errno: errnoName(-errno),
});

interface Dimm {
  readonly start: number;
  readonly length: number;
  readonly node: number;
  /** Plugged before boot: no memory of the firmware's map, but found by acpi_scan_init(), which tells no status. */
  readonly cold: boolean;
}

function* scanAtBoot(kernel: Kernel, slot: number): Steps<number> {
  yield* lock_device_hotplug();
  yield* lock('acpi_scan_lock', 'mutex');
  yield* kernel.acpi_bus_scan(slot);
  yield* unlock('acpi_scan_lock', 'mutex');
  yield* unlock_device_hotplug();
  return 0;
}

/**
 * Plugs a DIMM into the lowest free slot. -EINVAL if the driver does not bind, whatever the firmware is told, -ENODEV
 * if the kernel has no driver. The machine monitor, not the kernel, refuses an id in use (-EEXIST).
 */
function plug(session: Session, id: string, { start, length, node, cold }: Dimm): Result {
  const { state, kernel } = session;
  const slots = slotsOf(session);
  if (slots.has(id)) return returned(-kernel.errno.EEXIST);
  let slot = 0;
  while (state.acpi_device.has(slot)) slot++;
  state.acpi_device.set(slot, {
    name: `PNP0C80:${slot.toString(16).padStart(2, '0')}`,
    start,
    length,
    node,
    mgid: -1,
    attached: false,
    enabled: false,
    physical_node_list: [],
  });
  slots.set(id, slot);
  const result = cold
    ? session.call(scanAtBoot(kernel, slot))
    : firmware(session, kernel.acpi_device_hotplug(slot, ACPI_NOTIFY_DEVICE_CHECK));
  // the firmware is told success in any case; the driver's state shows whether memory was added
  const bound = state.acpi_device.get(slot)!.attached;
  if (result.ended !== 'returned' || bound) return result;
  return refused(result, kernel.c.ACPI_HOTPLUG_MEMORY ? kernel.errno.EINVAL : kernel.errno.ENODEV);
}

/**
 * A DIMM whose memory the machine has already, if it was accepted: its slot, its driver, its blocks and their memory
 * group, which no file of the kernel shows.
 */
export function describeDimm(
  session: Session,
  id: string,
  { start, size, node, slot: given }: { start: number; size: number; node: number; slot?: number },
): void {
  const { state, kernel } = session;
  const slots = slotsOf(session);
  let slot = given ?? 0;
  while (state.acpi_device.has(slot)) slot++;
  const bytes = kernel.c.memory_block_size_bytes;
  const blocks = [...state.memory_block.keys()]
    .filter((block) => block * bytes >= start && block * bytes < start + size)
    .sort((a, b) => a - b);
  const attached = blocks.length > 0;
  const grouped = attached && kernel.$acpi_memory_group !== v5_2.$acpi_memory_group;
  const mgid = grouped ? describeGroup(session, node, size, blocks) : -1;
  state.acpi_device.set(slot, {
    name: `PNP0C80:${slot.toString(16).padStart(2, '0')}`,
    start,
    length: size,
    node,
    mgid,
    attached,
    enabled: attached,
    physical_node_list: blocks.map((block) => ({ block, put_online: false })),
  });
  slots.set(id, slot);
}

/** The static memory group of a DIMM and its blocks; returns its id. */
function describeGroup({ state, kernel }: Session, nid: number, size: number, blocks: readonly number[]) {
  const { c } = kernel;
  const vars = state.vars.get(0)!;
  const mgid = vars.next_mgid++;
  let [present_kernel_pages, present_movable_pages] = [0, 0];
  for (const id of blocks) {
    const block = state.memory_block.get(id)!;
    block.group = mgid;
    if (block.offline) continue;
    const pages = c.memory_block_size_bytes / c.PAGE_SIZE;
    if (block.zone >= 0 && zone_idx(block.zone) === c.ZONE_MOVABLE) present_movable_pages += pages;
    else present_kernel_pages += pages;
  }
  const pages = Math.ceil(size / c.PAGE_SIZE);
  const counts = { present_kernel_pages, present_movable_pages, nr_blocks: blocks.length };
  state.memory_group.set(mgid, { nid, is_dynamic: false, pages, ...counts });
  return mgid;
}

/** NVDIMMs by the monitor's ids. */
const nvdimms = new WeakMap<Session, Set<string>>();

/**
 * Plugs an NVDIMM: the firmware notifies the NVDIMM root, acpi_nfit_update_notify() reads the NFIT again and registers
 * the region that is new. The firmware is told nothing.
 */
function plugNvdimm(session: Session, id: string, [start, size]: [number, number], node: number): Result {
  const known = nvdimms.get(session) ?? new Set<string>();
  nvdimms.set(session, known);
  if (known.has(id) || slotsOf(session).has(id)) return returned(-session.kernel.errno.EEXIST);
  known.add(id);
  const { nd_region, hmem, cxl_region } = session.state;
  let region = 0;
  while (nd_region.has(region) || hmem.has(region) || cxl_region.has(region)) region++;
  return describeRegion(session, { region, start, size, node, labels: true, carved: false });
}

/**
 * Unplugs a DIMM. The device is gone if the last status is success, else -EBUSY. The monitor refuses an unknown id
 * (-ENODEV).
 */
function unplug(session: Session, id: string): Result {
  const { state, kernel } = session;
  const slots = slotsOf(session);
  const slot = slots.get(id);
  // the monitor cannot take an NVDIMM out
  if (nvdimms.get(session)?.has(id)) return returned(-kernel.errno.EOPNOTSUPP);
  if (slot === undefined) return returned(-kernel.errno.ENODEV);
  const result = firmware(session, kernel.acpi_device_hotplug(slot, ACPI_NOTIFY_EJECT_REQUEST));
  const deleted = result.ost?.at(-1) === 0;
  if (deleted) {
    state.acpi_device.delete(slot);
    slots.delete(id);
  }
  const busy = result.ended === 'returned' && !deleted;
  return { ...(busy ? refused(result, kernel.errno.EBUSY) : result), deleted };
}

/** Checks that the status codes are those expected. */
function judge(_: Session, step: { readonly ost?: readonly number[] | undefined }, { ost = [] }: Result) {
  const [found, expected] = [ost.join(), step.ost?.join()];
  if (expected === undefined || expected === found) return [];
  return [unexpected('OST codes', { found, expected }, `OST codes are ${found}, expected ${expected}`)];
}

function dimmOf(
  step: Parameters<typeof rangeOf>[0] & { node: number; cold_plugged?: boolean | undefined },
): Dimm {
  const [start, length] = rangeOf(step);
  return { start, length, node: step.node, cold: step.cold_plugged ?? false };
}

export const device_add = stepKind({
  schema: z
    .strictObject({
      id,
      ...range,
      node: nid.default(0),
      kind: z.enum(['dimm', 'nvdimm']).optional(),
      cold_plugged: z.boolean().optional().meta({ description: 'It was plugged before boot' }),
      ost,
      ...result,
    })
    .meta({ description: 'A DIMM, or an NVDIMM with labels, is plugged, the firmware notifies ACPI' }),
  text: (step) =>
    `${step.cold_plugged ? '-device' : 'device_add'} ${step.kind === 'nvdimm' ? 'nvdimm ' : ''}${step.id} ${rangeText(step).replace('+', ' ')} node ${step.node}`,
  lacks: ({ kernel }, step) => (step.kind === 'nvdimm' ? lacksDeviceMemory(kernel) : null),
  run: (session, step) =>
    step.kind === 'nvdimm'
      ? plugNvdimm(session, step.id, rangeOf(step), step.node)
      : plug(session, step.id, dimmOf(step)),
  judge,
});

export const device_del = stepKind({
  schema: z.strictObject({ id, ost, ...result }).meta({ description: 'The firmware requests the DIMM back' }),
  short: 'id',
  text: (step) => `device_del ${step.id}`,
  run: (session, step) => unplug(session, step.id),
  offlines: (session, step) => {
    const range = deviceRange(session, step.id);
    return range && [range.start, range.size];
  },
  judge,
});
