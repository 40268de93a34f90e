import type { Kernel } from '../../kernel/kernel.ts';
import { add_zone_device } from '../../kernel/mm/memory_hotplug/zone_device.ts';
import { IORESOURCE_BUSY, IORESOURCE_MEM, PCM, type State } from '../../kernel/state.ts';
import type { Machine } from '../../machines/machine.ts';
import type { Session } from '../running/session.ts';
import { reserveBootmem } from './reserve-bootmem.ts';

/** The kinds of pages that matter to users of PG_reserved, built on one small machine (docs/pg-reserved.md). */
export const kinds = {
  A: 'boot RAM, free',
  B: 'boot RAM that memblock keeps reserved',
  C: 'hot-added, never onlined',
  D: 'hot-added, online',
  E: 'ZONE_DEVICE, cached (WB)',
  F: 'ZONE_DEVICE, uncached (UC-)',
  G: 'hole without a memmap, no RAM to the firmware',
  H: 'RAM without a memmap (mem=)',
  M: 'MMIO without a memmap',
  Z: 'zero page',
  X: 'ZONE_DEVICE, cached, in an online section of boot RAM',
} as const;

export type PageKind = keyof typeof kinds;

/** The location of the pages of a kind; null if this kernel cannot have them. */
export interface Place {
  readonly pfn: number;
  readonly nr_pages: number;
}

const M = 2 ** 20;
const G = 2 ** 30;
/** Boot RAM ends in the middle of a section. */
const RAM = G + 64 * M;

/** The machine on which all kinds are laid out. */
export const machine = (debugVm: boolean): Machine => ({
  source: 'page kinds',
  arch: 'x86_64',
  page_size: 4096,
  ram: [{ start: 0, size: RAM, nid: 0 }],
  nodes: [{ nid: 0, online: true, cpus: [0] }],
  config: { DEBUG_VM: debugVm },
  missing: [],
});

/**
 * Adds RAM that the firmware lists and that the kernel was told not to use. Written directly, since `mem=` is not
 * modelled.
 */
function firmwareRam(state: State, start: number, size: number): void {
  const id = state.e820_table_firmware.length;
  state.e820_table_firmware = [
    ...state.e820_table_firmware,
    { id, start, end: start + size - 1, type: 'System RAM' },
  ];
}

/** Requests a device's registers, as its driver does. */
function requestMmio(state: State, start: number, size: number): void {
  const { children } = state.iomem_resource;
  const flags = IORESOURCE_MEM | IORESOURCE_BUSY;
  children.push({ name: 'registers', start, end: start + size - 1, flags, children: [] });
  children.sort((a, b) => a.start - b.start);
}

function must(what: string, { ret }: { ret: number | null }): void {
  if (ret !== 0) throw new Error(`page kinds: ${what} gave ${ret}`);
}

const hasSubsections = (k: Kernel): boolean => 'fill_subsection_map' in k;

/** Makes pages of every kind. */
export function layOut(session: Session): Readonly<Record<PageKind, Place | null>> {
  const { state, kernel } = session;
  const place = (start: number, size: number): Place => ({
    pfn: start / kernel.c.PAGE_SIZE,
    nr_pages: size / kernel.c.PAGE_SIZE,
  });
  const device = (start: number, size: number, pcm: number): Place => {
    const { pfn, nr_pages } = place(start, size);
    must('device memory', session.call(add_zone_device(kernel, 0, pfn, nr_pages, pcm)));
    return { pfn, nr_pages };
  };
  const B = place(64 * M, 16 * M);
  const Z = place(32 * M, kernel.c.PAGE_SIZE);
  for (const { pfn, nr_pages } of [B, Z]) reserveBootmem(state, pfn, pfn + nr_pages);
  state.zero_pfn = Z.pfn;
  must('add_memory', session.call(kernel.add_memory(0, 5 * G, 128 * M, 0)));
  must('add_memory', session.call(kernel.add_memory(0, 6 * G, 128 * M, 0)));
  must('online', session.write('/sys/devices/system/memory/memory48/state', 'online_movable'));
  firmwareRam(state, 16 * G, G);
  requestMmio(state, 0xfe000000, M);
  return {
    A: place(256 * M, M),
    B,
    C: place(5 * G, 128 * M),
    D: place(6 * G, 128 * M),
    E: device(8 * G, 128 * M, PCM.WB),
    F: device(9 * G, 128 * M, PCM.UC_MINUS),
    G: place(3 * G, M),
    H: place(16 * G, M),
    M: place(0xfe000000, M),
    Z,
    // before sub-sections device memory took whole sections, and none that contains RAM
    X: hasSubsections(kernel) ? device(RAM, 64 * M, PCM.WB) : null,
  };
}
