import type { MapBlock, MapData } from '../drawing/block-map.ts';
import { applied, type Snapshot } from './delta.ts';
import type { RunData, RunStep } from './run-data.ts';

/** What pictures of a run show, computed from its data alone. */

export interface BlockValue {
  readonly start: string;
  readonly state: string;
  readonly nodes: readonly number[];
  readonly zone: string | null;
}

export interface ZoneValue {
  readonly nid: number;
  readonly index: number;
  readonly start_pfn: string;
  readonly spanned_pages: number;
  readonly present_pages: number;
  readonly managed_pages: number;
}

export interface PagesValue {
  readonly nr_pages: number;
  readonly kind: string;
  readonly nid: number | null;
  readonly zone: string | null;
  readonly flags: readonly string[];
}

/** The machine after each step; first the initial one. */
export function snapshotsOf({ initial, steps }: Pick<RunData, 'initial' | 'steps'>): Snapshot[] {
  const found = [initial];
  for (const { delta } of steps) found.push(applied(found.at(-1)!, delta));
  return found;
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The map of a machine; `before`: what is new or changed since then is marked. `step`: the blocks that it found to stay. */
export function mapOf(blockSize: number, now: Snapshot, before?: Snapshot, step?: RunStep): MapData {
  const stays = new Map((step?.holders ?? []).map(({ block, why }) => [block, why]));
  const blocks = Object.entries(now.blocks ?? {}).map(([name, value]): MapBlock => {
    const { start, state, nodes, zone } = value as BlockValue;
    const id = Number(name.slice('memory'.length));
    const old = before?.blocks?.[name];
    const why = stays.get(id);
    return {
      id,
      start: Number(start),
      state,
      node: nodes[0] ?? -1,
      zone,
      ...(before && old === undefined ? { mark: 'new' as const } : {}),
      ...(old !== undefined && !same(old, value) ? { mark: 'changed' as const } : {}),
      ...(why === undefined ? {} : { stays: why }),
    };
  });
  return { block_size: blockSize, blocks: blocks.sort((a, b) => a.id - b.id) };
}
