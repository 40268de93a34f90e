import type { PageKind, PageRun } from '../../scenarios/pages/page-runs.ts';
import { rangeText } from '../pages/pages.ts';
import { humanSize } from '../text/human-size.ts';
import type { Band, Bands } from './bands.ts';

const MOST = 400;

const KINDS: Readonly<Record<PageKind, readonly [letter: string, fill: string]>> = {
  free: ['f', 'zone-normal'],
  movable: ['m', 'zone-movable'],
  pinned: ['p', 'zone-device'],
  isolated: ['i', 'zone-device'],
  kernel: ['k', 'zone-dma'],
  'page table': ['t', 'zone-dma'],
  memmap: ['s', 'zone-dma'],
  hugetlb: ['h', 'zone-movable'],
  PageOffline: ['x', 'offline'],
  reserved: ['r', 'zone-dma'],
  hole: ['_', 'zone-none'],
  offline: ['o', 'offline'],
  uninitialised: ['u', 'zone-none'],
  device: ['d', 'zone-device'],
};

/** Runs one after another of the same kind, zone, node and owner as one. */
function joined(all: Iterable<PageRun>): PageRun[] {
  const found: PageRun[] = [];
  for (const run of all) {
    const last = found.at(-1);
    const same =
      last !== undefined &&
      last.pfn + last.nr_pages === run.pfn &&
      last.kind === run.kind &&
      last.zone === run.zone &&
      last.nid === run.nid &&
      last.owner === run.owner;
    if (same) found[found.length - 1] = { ...last, nr_pages: last.nr_pages + run.nr_pages };
    else found.push(run);
  }
  return found;
}

/** Runs of struct pages: where they lie in the range they cover together, and what they are. */
export function pageBands(all: Iterable<PageRun>, pageSize: number): Bands {
  const runs = joined(all);
  const shown = runs.slice(0, MOST);
  const first = runs[0]?.pfn ?? 0;
  const last = runs.at(-1);
  const span = Math.max(1, (last ? last.pfn + last.nr_pages : 1) - first);
  const bands = shown.map(
    ({ pfn, nr_pages, kind, zone, nid, owner }): Band => ({
      depth: 0,
      label: rangeText(pfn * pageSize, nr_pages * pageSize),
      from: (pfn - first) / span,
      to: (pfn + nr_pages - first) / span,
      kind,
      text: [
        `${humanSize(nr_pages * pageSize)} ${kind}`,
        nid === null ? '' : `node ${nid}`,
        zone ?? '',
        owner ?? '',
      ]
        .filter((text) => text !== '')
        .join(', '),
    }),
  );
  const more: Band[] =
    runs.length > MOST
      ? [
          {
            depth: 0,
            label: '…',
            kind: 'more',
            text: `${runs.length - MOST} more runs: --range shows a part`,
          },
        ]
      : [];
  return {
    title: `${runs.length} runs of struct pages of ${humanSize(pageSize)}`,
    bands: [...bands, ...more],
    legend: Object.entries(KINDS).map(([kind, [letter, fill]]) => ({
      kind,
      letter,
      class: fill,
      text: kind,
    })),
  };
}
