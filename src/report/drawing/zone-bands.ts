import type { Snapshot } from '../data/delta.ts';
import type { ZoneValue } from '../data/run-view.ts';
import { humanSize } from '../text/human-size.ts';
import type { Band, Bands } from './bands.ts';
import { zoneClass } from './block-svg.ts';

const KINDS = ['DMA', 'Normal', 'Movable', 'Device'] as const;

/** Zones to scale: what each spans in the memory of the machine, and how much of it is there. */
export function zoneBands(now: Snapshot, pageSize: number): Bands {
  const zones = Object.entries(now.zones ?? {}).map(([name, value]) => {
    const { start_pfn, spanned_pages, present_pages } = value as ZoneValue;
    return { name, first: Number(start_pfn), spanned: spanned_pages, present: present_pages };
  });
  const first = Math.min(...zones.map((zone) => zone.first));
  const end = Math.max(...zones.map((zone) => zone.first + zone.spanned));
  const scale = (pfn: number): number => (pfn - first) / Math.max(1, end - first);
  const kindOf = (name: string): string => KINDS.find((kind) => name.includes(kind)) ?? 'Normal';
  return {
    title: `zones, from ${humanSize(first * pageSize)} to ${humanSize(end * pageSize)}`,
    bands: zones.map(
      ({ name, first: start, spanned, present }): Band => ({
        depth: 0,
        label: name,
        from: scale(start),
        to: scale(start + spanned),
        kind: kindOf(name),
        text: `spans ${humanSize(spanned * pageSize)}, ${
          spanned === present
            ? 'all of it present'
            : `${humanSize(present * pageSize)} present, ${humanSize((spanned - present) * pageSize)} holes`
        }`,
      }),
    ),
    legend: KINDS.map((kind) => ({ kind, letter: kind[0]!, class: zoneClass(kind), text: kind })),
  };
}
