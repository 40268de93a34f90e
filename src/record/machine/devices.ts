import { InputError } from '../../errors/input-error.ts';
import type { ScenarioStep } from '../../scenarios/format/step-schema.ts';
import { bytes, rangeOf } from '../../scenarios/steps/common/values.ts';
import { LABEL_AREA } from './labels.ts';
import { inRegionOrder } from './region-order.ts';

/** Memory that steps bring, which QEMU must be able to place. */

export interface MemoryDevice {
  readonly kind: 'dimm' | 'nvdimm' | 'virtio-mem' | 'backing';
  readonly id: string;
  readonly start: number;
  readonly size: number;
  readonly node: number;
  /** It is there before boot. */
  readonly cold: boolean;
  /** Bytes: the unit of a virtio-mem device. */
  readonly block?: number;
  /** Where on the PCI bus a virtio-mem device is, to which the guest's driver binds when a step says so. */
  readonly slot?: number;
  /** The number of the region that an NVDIMM is to be. */
  readonly region?: number;
  /** An NVDIMM has a label area behind its `size`. */
  readonly labels?: boolean;
}

/** Bytes of the file behind a device. */
export const backingSize = ({ size, labels }: MemoryDevice): number => size + (labels ? LABEL_AREA : 0);

/** Below are the devices of the machine itself, above those of the chipset. */
const FIRST_SLOT = 0x10;
/** So many virtio-mem devices have slots. */
export const VIRTIO_MEM_DEVICES = 14;

/** The memory device that a step brings; null for another step. */
export function deviceOf({ kind, step }: ScenarioStep): MemoryDevice | null {
  if (kind === 'device_add') {
    const [start, size] = rangeOf(step);
    return {
      kind: step.kind ?? 'dimm',
      id: step.id,
      start,
      size,
      node: step.node,
      cold: step.cold_plugged ?? false,
      ...(step.kind === 'nvdimm' && { labels: true }),
    };
  }
  if (kind === 'nvdimm' && !step.carved && !step.written_on) {
    const [start, size] = rangeOf(step);
    return {
      kind: 'nvdimm',
      id: `nvdimm${step.region}`,
      region: step.region,
      start,
      size,
      node: step.node,
      cold: true,
      labels: step.labels,
    };
  }
  if (kind === 'virtio_mem') {
    const [start, size] = rangeOf(step);
    return {
      kind: 'virtio-mem',
      id: `virtio${step.device}`,
      start,
      size,
      node: step.node,
      cold: true,
      block: bytes(step.block),
      slot: FIRST_SLOT + step.device,
    };
  }
  return null;
}

/** Ranges that add_memory() and memremap_pages() get, and behind which there must be memory of which the kernel knows nothing. */
function backed({ kind, step }: ScenarioStep): readonly [start: number, size: number] | null {
  return kind === 'add' || kind === 'add_driver_managed' || kind === 'memremap' ? rangeOf(step) : null;
}

const M = 2 ** 20;

/**
 * All memory devices of a scenario. Memory for add_memory() comes from virtio-mem devices that no driver binds to: their
 * whole region can be accessed. Ranges below `base`, or behind `end`, get none.
 * @throws InputError if two overlap
 */
export function devicesOf(
  steps: readonly ScenarioStep[],
  base: number,
  end: number,
  file: string,
): MemoryDevice[] {
  const devices = steps.flatMap((step) => deviceOf(step) ?? []);
  const free = steps.flatMap((step) => backed(step) ?? []).length
    ? ranges(
        steps.flatMap((step) => {
          const range = backed(step);
          return range ? [range] : [];
        }),
      )
    : [];
  const backing = free
    .map(([start, stop]): [number, number] => [
      Math.floor(start / (128 * M)) * 128 * M,
      Math.ceil(stop / (128 * M)) * 128 * M,
    ])
    .filter(([start, stop]) => start >= base && stop <= end)
    .filter(([start, stop]) => !devices.some((one) => one.start < stop && start < one.start + one.size))
    .map(
      ([start, stop], i): MemoryDevice => ({
        kind: 'backing',
        id: `backing${i}`,
        start,
        size: stop - start,
        node: 0,
        cold: true,
        block: 2 * M,
      }),
    );
  for (const { id, start } of devices)
    if (start < base)
      throw new InputError(
        file,
        '',
        `QEMU places memory devices from 0x${base.toString(16)} on; ${id} lies at 0x${start.toString(16)}`,
      );
  return inRegionOrder([...devices, ...backing]);
}

/** Ranges that overlap or touch, merged, as start and end. */
function ranges(all: readonly (readonly [start: number, size: number])[]): [number, number][] {
  const list: [number, number][] = [];
  for (const [start, size] of [...all].sort(([a], [b]) => a - b)) {
    const last = list.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], start + size);
    else if (size > 0) list.push([start, start + size]);
  }
  return list;
}
