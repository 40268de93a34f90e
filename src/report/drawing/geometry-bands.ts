import { type Layout, regionSize } from '../../geometry/layout.ts';
import { entrySize, type Translation, vaText } from '../../geometry/translation.ts';
import { tablesWithRegions } from '../tables/geometry.ts';
import { humanSize } from '../text/human-size.ts';
import type { Band, Bands } from './bands.ts';

const REGION = ['linear', 'vmalloc', 'vmemmap', 'modules'] as const;
const LETTERS = ['L', 'V', 'M', 'm'] as const;
const CLASSES = ['zone-normal', 'zone-movable', 'zone-device', 'zone-dma'] as const;

/** A layout of the kernel's address space, to scale, and the tables below the root in which two regions meet. */
export function geometryBands(t: Translation, layout: Layout): Bands {
  const lowest = -t.entries[0]! * entrySize(t, 0);
  const start = Math.max(lowest, Math.min(...layout.regions.map((region) => region.start)));
  const scale = (va: number): number => Math.min(1, Math.max(0, (va - start) / -start));
  const regions = layout.regions.map(
    (region): Band => ({
      depth: 0,
      label: region.name,
      from: scale(region.start),
      to: scale(region.end),
      kind: (REGION as readonly string[]).includes(region.name) ? region.name : 'other',
      text: `${vaText(region.start)}-${vaText(region.end)} ${humanSize(regionSize(region))}`,
    }),
  );
  const shared = tablesWithRegions(t, layout).map(
    (table): Band => ({
      depth: 1,
      label: `${table.level} table`,
      from: scale(table.start),
      to: scale(table.end),
      kind: 'shared',
      text: `${vaText(table.start)}-${vaText(table.end)} holds entries of ${table.regions.join(', ')}`,
    }),
  );
  return {
    title: `${t.arch}, ${humanSize(2 ** t.page_shift)} pages, ${t.va_bits}-bit addresses, layout ${layout.name}, from ${vaText(start)}`,
    bands: [...regions, ...shared],
    legend: [
      ...REGION.map((kind, i) => ({ kind, letter: LETTERS[i]!, class: CLASSES[i]!, text: kind })),
      { kind: 'other', letter: 'o', class: 'zone-none', text: 'other region' },
      { kind: 'shared', letter: 'S', class: 'offline', text: 'shared table' },
    ],
  };
}
