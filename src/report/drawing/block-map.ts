import type { ListedBlock } from '../../machines/lsmem/lsmem-source.ts';

/** A memory block on a map. Zones and nodes by their names in reports. */
export interface MapBlock {
  readonly id: number;
  /** In bytes. */
  readonly start: number;
  readonly state: string;
  /** -1 without a node. */
  readonly node: number;
  /** The zone, or several of them where it could go online. */
  readonly zone: string | null;
  /** What has become of it since the map that is compared with, or what a plan does with it. */
  readonly mark?: 'new' | 'changed' | 'goes';
  /** Its place in the order of a plan, from 1. */
  readonly place?: number;
  /** The reason why it stays, if something keeps it. */
  readonly stays?: string;
}

export interface MapData {
  /** In bytes. */
  readonly block_size: number;
  readonly blocks: readonly MapBlock[];
}

/** A row of cells from an address on; null where there is no block. */
export interface CellRow {
  readonly kind: 'cells';
  readonly start: number;
  readonly cells: readonly (MapBlock | null)[];
  readonly node: number | null;
}

/** Rows that are like the one before: so many, up to a block. */
export interface AlikeRow {
  readonly kind: 'alike';
  readonly rows: number;
  readonly last: number;
}

/** Bytes without any block. */
export interface GapRow {
  readonly kind: 'gap';
  readonly size: number;
}

export type MapRow = CellRow | AlikeRow | GapRow;

export const PER_ROW = 16;

/** What is drawn of a block: blocks alike in this are folded. */
const looks = (block: MapBlock | null): string =>
  block === null
    ? ''
    : [block.state, block.zone, block.node, block.mark ?? '', block.place ?? '', block.stays ?? ''].join('|');

const likeness = ({ cells, node }: CellRow): string | null =>
  cells.every((cell) => cell !== null && looks(cell) === looks(cells[0]!))
    ? `${node} ${looks(cells[0]!)}`
    : null;

/** The rows of a map: equal rows folded, what is without blocks as one gap. */
export function mapRows({ block_size, blocks }: MapData, perRow = PER_ROW, fold = true): MapRow[] {
  const byRow = new Map<number, (MapBlock | null)[]>();
  for (const block of blocks) {
    const row = Math.floor(block.id / perRow);
    const cells = byRow.get(row) ?? Array.from({ length: perRow }, () => null);
    cells[block.id % perRow] = block;
    byRow.set(row, cells);
  }
  const rows: MapRow[] = [];
  let before = -1;
  for (const row of [...byRow.keys()].sort((a, b) => a - b)) {
    const cells = byRow.get(row)!;
    if (row > before + 1) rows.push({ kind: 'gap', size: (row - before - 1) * perRow * block_size });
    const nodes = new Set(cells.flatMap((cell) => (cell ? [cell.node] : [])));
    rows.push({
      kind: 'cells',
      start: row * perRow * block_size,
      cells,
      node: nodes.size === 1 ? [...nodes][0]! : null,
    });
    before = row;
  }
  return fold ? folded(rows) : rows;
}

function folded(rows: readonly MapRow[]): MapRow[] {
  const found: MapRow[] = [];
  for (let i = 0; i < rows.length; ) {
    const first = rows[i]!;
    found.push(first);
    i++;
    const like = first.kind === 'cells' ? likeness(first) : null;
    if (like === null) continue;
    let end = i;
    while (end < rows.length && rows[end]!.kind === 'cells' && likeness(rows[end] as CellRow) === like) end++;
    // one row more is shorter than saying that there is one
    if (end - i > 1) {
      const last = rows[end - 1] as CellRow;
      found.push({ kind: 'alike', rows: end - i, last: last.cells.at(-1)!.id });
      i = end;
    }
  }
  return found;
}

/** The letter of a block on a map of text, and what it means. */
export function letterOf({
  state,
  zone,
}: Pick<MapBlock, 'state' | 'zone'>): readonly [letter: string, meaning: string] {
  if (state === 'offline') return ['o', 'offline'];
  if (state !== 'online') return ['?', state];
  if (zone === null) return ['+', 'online, in several zones or none'];
  const letters: Readonly<Record<string, string>> = {
    Normal: 'N',
    Movable: 'M',
    DMA: 'd',
    DMA32: 'D',
    Device: 'V',
  };
  return [letters[zone] ?? '+', `online, ${zone}`];
}

/** The map of listed blocks. An online block has one valid zone, its own. */
export const listedMap = (blocks: readonly ListedBlock[], blockSize: number): MapData => ({
  block_size: blockSize,
  blocks: blocks.map(({ id, state, nid, zones }) => ({
    id,
    start: id * blockSize,
    state,
    node: nid ?? -1,
    zone: state === 'online' && zones.length === 1 && zones[0] !== 'none' ? zones[0]! : null,
  })),
});
