import type { Snapshot } from '../data/delta.ts';
import type { RunData, RunStep } from '../data/run-data.ts';
import { mapOf, snapshotsOf, type ZoneValue } from '../data/run-view.ts';
import { bandsDrawing } from '../drawing/bands.ts';
import { blockMap } from '../drawing/block-svg.ts';
import { HATCH } from '../drawing/hatch.ts';
import { zoneBands } from '../drawing/zone-bands.ts';
import { humanSize } from '../text/human-size.ts';
import { type Element, h, markup, type Node } from './element.ts';
import { pageText } from './page.ts';

/** Maps of single steps stop when the page has so many characters. */
const MAPS = 70_000;

const OK = new Set(['success']);

function messages({ messages }: RunStep): Node {
  if (messages.length === 0) return null;
  return h(
    'pre',
    {},
    messages.map(({ level, text }) => `${level === null ? '' : `<${level}>`}${text.trimEnd()}`).join('\n'),
  );
}

/** A step of a run: what was done, what came of it, what changed. */
export function runStep(step: RunStep, map: Node): Element {
  const ost = step.ost as readonly number[] | null;
  const names = step.ost_names as readonly (string | null)[] | null;
  return h(
    'li',
    { id: `step${step.step}`, value: step.step },
    h('code', {}, step.operation),
    ' ',
    h('strong', { class: OK.has(step.result) ? 'good' : 'bad' }, step.result),
    ost
      ? h(
          'span',
          { class: 'soft' },
          ` OST ${ost.map((code, i) => `${code} ${names?.[i] ?? ''}`.trim()).join(', ')}`,
        )
      : null,
    step.changes.length > 0
      ? h(
          'ul',
          {},
          step.changes.map((change) => h('li', {}, change)),
        )
      : null,
    step.holders.map(({ block, why, pages }) =>
      h(
        'p',
        { class: 'bad' },
        `memory${block} stays: ${pages ? `pfn 0x${pages.pfn.toString(16)}, ${pages.kind}: ` : ''}${why}`,
      ),
    ),
    step.failures.map(({ kind, text }) => h('p', { class: 'bad' }, `${kind}: ${text}`)),
    messages(step),
    map
      ? h(
          'details',
          { open: true },
          h('summary', {}, `map after step ${step.step}`),
          h('div', { class: 'scroll', tabindex: 0 }, map),
        )
      : null,
  );
}

/** Zones: what they span against what of it is present. */
export function zonesTable(now: Snapshot, pageSize: number): Element {
  const rows = Object.entries(now.zones ?? {}).map(([name, value]) => {
    const zone = value as ZoneValue;
    return h(
      'tr',
      {},
      h('td', {}, name),
      h('td', {}, h('code', {}, zone.start_pfn)),
      h('td', {}, humanSize(zone.spanned_pages * pageSize)),
      h('td', {}, humanSize(zone.present_pages * pageSize)),
      h(
        'td',
        {},
        zone.spanned_pages === zone.present_pages
          ? '–'
          : humanSize((zone.spanned_pages - zone.present_pages) * pageSize),
      ),
    );
  });
  const headings = ['zone', 'first pfn', 'spans', 'present', 'holes'];
  return h(
    'table',
    { class: 'state' },
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        headings.map((text) => h('th', { scope: 'col' }, text)),
      ),
    ),
    h('tbody', {}, rows),
  );
}

/** The same to scale; nothing without zones. */
export const zonesDrawing = (now: Snapshot, pageSize: number): Node =>
  Object.keys(now.zones ?? {}).length === 0
    ? null
    : h('div', { class: 'scroll', tabindex: 0 }, bandsDrawing(zoneBands(now, pageSize)));

/** /proc/iomem as a list. */
export const iomemList = (now: Snapshot): Element =>
  h(
    'pre',
    {},
    Object.entries(now.iomem ?? {})
      .map(([range, value]) => {
        const { name, depth } = value as { name: string; depth: number };
        return `${'  '.repeat(depth)}${range.trim().replaceAll('0x', '')} : ${name}`;
      })
      .join('\n'),
  );

/** The page of a run: every step, and the map wherever blocks have changed. */
export function runPage(data: RunData): string {
  const snapshots = snapshotsOf(data);
  let left = MAPS;
  const steps = data.steps.map((step, i) => {
    const about = step.delta.blocks || step.holders.length > 0;
    if (!about || left <= 0) return runStep(step, null);
    const map = blockMap(
      mapOf(data.block_size, snapshots[i + 1]!, snapshots[i], step),
      `memory blocks after step ${step.step}`,
      { hatch: false },
    );
    const size = markup(map).length;
    left -= size;
    return runStep(step, left > 0 ? map : null);
  });
  const end = snapshots.at(-1)!;
  const body = [
    h('svg', { width: 0, height: 0, 'aria-hidden': 'true' }, HATCH),
    h(
      'header',
      {},
      h('h1', {}, data.title ?? data.machine),
      h(
        'p',
        {},
        `${data.machine}: ${data.arch}, ${data.release}, blocks of ${humanSize(data.block_size)}, pages of ${humanSize(data.page_size)}`,
      ),
    ),
    data.notes.map((note) => h('p', { class: 'soft' }, `note: ${note}`)),
    h(
      'main',
      {},
      h('h2', {}, 'Before'),
      h(
        'div',
        { class: 'scroll', tabindex: 0 },
        blockMap(mapOf(data.block_size, snapshots[0]!), 'memory blocks before the first step', {
          hatch: false,
        }),
      ),
      h('h2', {}, 'Steps'),
      h('ol', {}, steps),
      h('h2', {}, 'At the end'),
      h(
        'div',
        { class: 'scroll', tabindex: 0 },
        blockMap(
          mapOf(data.block_size, end, snapshots[0]),
          'memory blocks at the end; marked: what differs from the beginning',
          { hatch: false },
        ),
      ),
      h('h2', {}, 'Zones'),
      zonesDrawing(end, data.page_size),
      zonesTable(end, data.page_size),
      h('h2', {}, '/proc/iomem'),
      iomemList(end),
    ),
  ];
  return pageText({ title: `${data.title ?? data.machine} on ${data.release}`, body });
}
