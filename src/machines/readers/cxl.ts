import type { CxlMemory, CxlRegion, CxlWindow } from '../captures/cxl-json.ts';
import type { IomemEntry } from '../machine.ts';

/**
 * CXL windows and regions by their names in /proc/iomem, which does not say how they are interleaved; those that the
 * cxl tool printed take precedence. Undefined without any.
 */
export function cxlOf(
  iomem: readonly IomemEntry[] | undefined,
  printed: CxlMemory | undefined,
): CxlMemory | undefined {
  const find = (name: RegExp, known: readonly CxlWindow[]): CxlWindow[] => {
    const found = new Map(known.map((one) => [one.id, one]));
    for (const entry of iomem ?? []) {
      const match = name.exec(entry.name);
      if (!match || entry.end === 0 || found.has(Number(match[1]))) continue;
      found.set(Number(match[1]), {
        id: Number(match[1]),
        start: entry.start,
        size: entry.end - entry.start + 1,
        interleave_ways: 1,
        interleave_granularity: 256,
      });
    }
    return [...found.values()].sort((a, b) => a.id - b.id);
  };
  const windows = find(/^CXL Window (\d{1,4})$/, printed?.windows ?? []);
  const regions = find(/^region(\d{1,4})$/, printed?.regions ?? []).map((region): CxlRegion => {
    const known = printed?.regions.find(({ id }) => id === region.id);
    return known ?? { ...region, type: isPersistent(iomem ?? [], region) ? 'pmem' : 'ram', enabled: true };
  });
  const inWindow = ({ start, size }: CxlWindow): boolean =>
    windows.some((own) => own.start <= start && start + size <= own.start + own.size);
  return windows.length === 0 ? undefined : { windows, regions: regions.filter(inWindow) };
}

/** Whether a namespace lies in the region. */
const isPersistent = (iomem: readonly IomemEntry[], { start, size }: CxlWindow): boolean =>
  iomem.some(
    (own) => /^(namespace|pmem_region)\d/.test(own.name) && own.start >= start && own.end < start + size,
  );
