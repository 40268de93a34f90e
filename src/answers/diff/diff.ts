import { zone_idx } from '../../kernel/state.ts';
import type { AskedMachine } from '../machine.ts';

/** What differs between two moments of a machine, and the operations that explain it. */

export interface BlockFact {
  readonly state: 'online' | 'offline';
  readonly zone: string | null;
  readonly nodes: readonly number[];
}

export type Change =
  | { readonly kind: 'block added' | 'block removed'; readonly block: number; readonly is: BlockFact }
  | { readonly kind: 'block'; readonly block: number; readonly was: BlockFact; readonly is: BlockFact }
  | { readonly kind: 'node'; readonly node: number; readonly what: 'appeared' | 'disappeared' }
  | {
      readonly kind: 'zone';
      readonly node: number;
      readonly zone: string;
      readonly field: 'present' | 'managed' | 'spanned';
      readonly was: number;
      readonly is: number;
    }
  | {
      readonly kind: 'resource added' | 'resource removed';
      readonly name: string;
      readonly start: number;
      readonly size: number;
    }
  | { readonly kind: 'parameter'; readonly name: string; readonly was: string; readonly is: string }
  | { readonly kind: 'hugepages'; readonly order: number; readonly was: number; readonly is: number };

export interface Diff {
  readonly block_size: number;
  readonly changes: readonly Change[];
  /** Operations that lead from the first to the second, one line each. */
  readonly operations: readonly string[];
}

function blocksOf({ session: { state, kernel } }: AskedMachine): Map<number, BlockFact> {
  return new Map(
    [...state.memory_block]
      .sort(([a], [b]) => a - b)
      .map(([id, { offline, zone, links }]) => [
        id,
        {
          state: offline ? 'offline' : 'online',
          zone: offline || zone < 0 ? null : kernel.c.zones[zone_idx(zone)]!,
          nodes: links,
        },
      ]),
  );
}

function resourcesOf({
  session: { state },
}: AskedMachine): Map<string, { name: string; start: number; size: number }> {
  const found = new Map<string, { name: string; start: number; size: number }>();
  const walk = (children: typeof state.iomem_resource.children): void => {
    for (const { name, start, end, children: below } of children) {
      found.set(`${name} ${start} ${end}`, { name, start, size: end + 1 - start });
      walk(below);
    }
  };
  walk(state.iomem_resource.children);
  return found;
}

const same = (a: BlockFact, b: BlockFact): boolean =>
  a.state === b.state && a.zone === b.zone && a.nodes.join() === b.nodes.join();

export function diff(before: AskedMachine, after: AskedMachine): Diff {
  const changes: Change[] = [];
  const [was, is] = [blocksOf(before), blocksOf(after)];
  for (const [block, fact] of is) {
    const old = was.get(block);
    if (!old) changes.push({ kind: 'block added', block, is: fact });
    else if (!same(old, fact)) changes.push({ kind: 'block', block, was: old, is: fact });
  }
  for (const [block, fact] of was)
    if (!is.has(block)) changes.push({ kind: 'block removed', block, is: fact });
  changes.push(...nodeChanges(before, after), ...zoneChanges(before, after));
  const [gone, come] = [resourcesOf(before), resourcesOf(after)];
  for (const [key, resource] of come)
    if (!gone.has(key)) changes.push({ kind: 'resource added', ...resource });
  for (const [key, resource] of gone)
    if (!come.has(key)) changes.push({ kind: 'resource removed', ...resource });
  const [old, now] = [before.machine.params ?? {}, after.machine.params ?? {}];
  for (const name of new Set([...Object.keys(old), ...Object.keys(now)])) {
    const [a, b] = [old[name]?.trim() ?? '', now[name]?.trim() ?? ''];
    if (a !== b) changes.push({ kind: 'parameter', name, was: a, is: b });
  }
  const pools = ({ session }: AskedMachine, order: number): number =>
    session.state.hstate.get(order)?.nr_huge_pages ?? 0;
  for (const order of after.session.kernel.c.huge_page_orders)
    if (pools(before, order) !== pools(after, order))
      changes.push({ kind: 'hugepages', order, was: pools(before, order), is: pools(after, order) });
  const size = after.session.kernel.c.memory_block_size_bytes;
  return { block_size: size, changes, operations: operationsOf(changes, size) };
}

function nodeChanges(before: AskedMachine, after: AskedMachine): Change[] {
  const online = ({ session }: AskedMachine): Set<number> =>
    new Set([...session.state.pgdat.values()].filter((node) => node.online).map(({ node_id }) => node_id));
  const [was, is] = [online(before), online(after)];
  return [
    ...[...is]
      .filter((node) => !was.has(node))
      .map((node): Change => ({ kind: 'node', node, what: 'appeared' })),
    ...[...was]
      .filter((node) => !is.has(node))
      .map((node): Change => ({ kind: 'node', node, what: 'disappeared' })),
  ];
}

function zoneChanges(before: AskedMachine, after: AskedMachine): Change[] {
  const zones = ({ machine }: AskedMachine) =>
    new Map((machine.zones ?? []).map((zone) => [`${zone.nid} ${zone.name}`, zone]));
  const [was, is] = [zones(before), zones(after)];
  const changes: Change[] = [];
  for (const key of new Set([...was.keys(), ...is.keys()])) {
    const [old, now] = [was.get(key), is.get(key)];
    for (const field of ['present', 'managed', 'spanned'] as const) {
      const [a, b] = [old?.[field] ?? 0, now?.[field] ?? 0];
      const { nid, name } = (now ?? old)!;
      if (a !== b) changes.push({ kind: 'zone', node: nid, zone: name, field, was: a, is: b });
    }
  }
  return changes;
}

/** Blocks in a row as one: "memory40..47". */
function runs(blocks: readonly number[]): [first: number, last: number][] {
  const found: [number, number][] = [];
  for (const block of [...blocks].sort((a, b) => a - b)) {
    const last = found.at(-1);
    if (last && last[1] + 1 === block) last[1] = block;
    else found.push([block, block]);
  }
  return found;
}

const named = ([first, last]: readonly [number, number]): string =>
  first === last ? `memory${first}` : `memory${first}..${last}`;

function operationsOf(changes: readonly Change[], size: number): string[] {
  const of = (test: (change: Change) => boolean): number[] =>
    changes.flatMap((change) => ('block' in change && test(change) ? [change.block] : []));
  const range = ([first, last]: readonly [number, number]): string =>
    `0x${(first * size).toString(16)}-0x${((last + 1) * size - 1).toString(16)}`;
  const lines: string[] = [];
  for (const change of changes)
    if (change.kind === 'parameter') lines.push(`${change.name} was set to ${change.is}`);
  for (const run of runs(of(({ kind }) => kind === 'block removed')))
    lines.push(`${named(run)}: taken offline, and the device at ${range(run)} removed`);
  for (const run of runs(of(({ kind }) => kind === 'block added')))
    lines.push(`${named(run)}: a device was added at ${range(run)}`);
  const zones = [...new Set(changes.flatMap((one) => ('is' in one && 'block' in one ? [one.is.zone] : [])))];
  for (const zone of zones) {
    if (zone === null) continue;
    const how = zone === 'Movable' ? 'online_movable' : 'online or online_kernel';
    const onlined = of(
      (change) =>
        (change.kind === 'block added' || (change.kind === 'block' && change.was.state === 'offline')) &&
        change.is.state === 'online' &&
        change.is.zone === zone,
    );
    for (const run of runs(onlined)) lines.push(`${named(run)}: brought online in ${zone} (${how})`);
    const moved = of(
      (change) =>
        change.kind === 'block' &&
        change.was.state === 'online' &&
        change.is.state === 'online' &&
        change.is.zone === zone &&
        change.was.zone !== zone,
    );
    for (const run of runs(moved)) lines.push(`${named(run)}: offline and online again, now in ${zone}`);
  }
  const offlined = of(
    (change) => change.kind === 'block' && change.was.state === 'online' && change.is.state === 'offline',
  );
  for (const run of runs(offlined)) lines.push(`${named(run)}: taken offline`);
  for (const change of changes)
    if (change.kind === 'hugepages')
      lines.push(`the pool of huge pages of order ${change.order} went from ${change.was} to ${change.is}`);
  return lines;
}
