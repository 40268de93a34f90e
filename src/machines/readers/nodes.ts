import { InputError, quote } from '../../errors/input-error.ts';
import type { Node } from '../machine.ts';
import type { FileTree } from '../sources/tree.ts';
import { parseList } from '../text/number-list.ts';
import { NODE_DIR } from './block-dirs.ts';

/** CONFIG_NODES_SHIFT is at most 10. */
const MAX_NID = 1023;
const MAX_CPU = 65_535;

export interface Nodes {
  readonly nodes: readonly Node[];
  readonly missing: readonly string[];
}

/**
 * Reads sys/devices/system/node: the possible nodes, which of them are online, their CPUs and distances. Without the
 * file `possible`, the nodes are those named elsewhere; without `online`, nodes that have a directory are online.
 *
 * @param seen nodes that other files name
 * @returns undefined if the source has no node directory and no other file names a node
 */
export function readNodes(tree: FileTree, seen: Iterable<number>): Nodes | undefined {
  const names = tree.list(NODE_DIR);
  const missing: string[] = [];
  const list = (name: string): number[] | undefined => {
    const text = tree.readText(`${NODE_DIR}/${name}`);
    return text === undefined ? undefined : parseList(text, MAX_NID, tree.source, `${NODE_DIR}/${name}`);
  };
  const dirs = (names ?? []).flatMap((name) => {
    const digits = /^node(\d{1,4})$/.exec(name)?.[1];
    return digits === undefined || Number(digits) > MAX_NID ? [] : [Number(digits)];
  });
  const possible = list('possible');
  const online = list('online');
  const all = new Set([...(possible ?? []), ...(online ?? []), ...dirs, ...seen]);
  if (all.size === 0) return undefined;
  if (names === undefined) missing.push(`no ${NODE_DIR}: CPUs and distances of nodes are unknown`);
  else if (possible === undefined)
    missing.push(`no ${NODE_DIR}/possible: nodes that could still appear are unknown`);
  const isOnline = new Set(online ?? (names === undefined ? all : dirs));
  const nodes = [...all]
    .sort((a, b) => a - b)
    .map((nid): Node => {
      const path = `${NODE_DIR}/node${nid}`;
      const cpus = dirs.includes(nid) ? tree.readText(`${path}/cpulist`) : undefined;
      const distance = dirs.includes(nid) ? tree.readText(`${path}/distance`) : undefined;
      return {
        nid,
        online: isOnline.has(nid),
        cpus: cpus === undefined ? [] : parseList(cpus, MAX_CPU, tree.source, `${path}/cpulist`),
        ...(distance === undefined ? {} : { distance: distances(distance, tree.source, `${path}/distance`) }),
      };
    });
  return { nodes, missing };
}

function distances(text: string, file: string, place: string): number[] {
  const words = text.split(/\s+/).filter((word) => word !== '');
  return words.map((word) => {
    if (!/^\d{1,3}$/.test(word) || words.length > MAX_NID + 1)
      throw new InputError(file, place, `${quote(word)} is not a distance`);
    return Number(word);
  });
}
