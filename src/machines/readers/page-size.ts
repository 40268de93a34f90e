import type { Arch } from '../../geometry/sizes.ts';
import type { BootMessages } from '../captures/dmesg.ts';
import type { Block, IomemEntry, ZoneInfo } from '../machine.ts';

/** What tells the size of a page. */
export interface PageTraces {
  readonly iomem: readonly IomemEntry[] | undefined;
  readonly zones: readonly ZoneInfo[] | undefined;
  readonly blocks: readonly Block[] | undefined;
  /** Bytes. */
  readonly block_size: number | undefined;
  readonly boot?: BootMessages;
}

/** arm64's page sizes by the size of memory blocks, which are sections; before v5.12 all sections had 1G. */
const BY_BLOCK_SIZE: Readonly<Record<number, readonly number[]>> = {
  134217728: [4096, 16_384],
  536870912: [65_536],
};

/**
 * The page size, in bytes, that zones or blocks determine; else one that they allow, and a line in `missing`.
 */
export function pageSizeOf(arch: Arch, traces: PageTraces, missing: string[]): number {
  if (arch === 'x86_64') return 4096;
  if (traces.boot?.page_size !== undefined) return traces.boot.page_size;
  const ratio = bytesPerPage(traces);
  if (ratio !== undefined) return nearest(ratio);
  const [first = 4096, other] = BY_BLOCK_SIZE[traces.block_size ?? 0] ?? [4096, 16_384];
  if (other !== undefined) missing.push(`the page size is unknown, ${first} is assumed`);
  return first;
}

/** The page size if the zones' pages match the memory within a quarter: enough to rule an architecture out. */
export function closePageSize(traces: PageTraces): number | undefined {
  const ratio = bytesPerPage(traces);
  if (ratio === undefined) return undefined;
  const size = nearest(ratio);
  return Math.abs(Math.log(ratio / size)) < Math.log(1.25) ? size : undefined;
}

const SIZES = [4096, 16_384, 65_536];

function nearest(ratio: number): number {
  const distance = (size: number): number => Math.abs(Math.log(ratio / size));
  return SIZES.reduce((best, size) => (distance(size) < distance(best) ? size : best));
}

/** The bytes of System RAM, or of online blocks, for each page that is present in a zone. */
function bytesPerPage({ iomem, zones, blocks, block_size }: PageTraces): number | undefined {
  const pages = (zones ?? []).reduce((sum, zone) => sum + zone.present, 0);
  if (pages === 0) return undefined;
  let bytes = 0;
  for (const entry of iomem ?? []) {
    if (/^System RAM/.test(entry.name) && entry.end > 0) bytes += entry.end - entry.start + 1;
  }
  if (bytes === 0)
    bytes = (blocks ?? []).filter(({ state }) => state === 'online').length * (block_size ?? 0);
  return bytes === 0 ? undefined : bytes / pages;
}
