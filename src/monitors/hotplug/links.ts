import type { Config } from '../../kernel/config.ts';
import type { State } from '../../kernel/state.ts';
import type { Failure } from '../../steps/failure.ts';
import { broken } from './broken.ts';

/**
 * Links between nodes and memory blocks exist in pairs, and only between registered devices. Every block of a node is
 * linked to it, and no link to a removed block remains.
 */
export function checkLinks(state: State, _c: Config): Failure[] {
  const found: Failure[] = [];
  const notSo = (what: string, node: number, block: number, text: string): void => {
    found.push(broken('links', what, { node, block }, text));
  };
  for (const [nid, node] of state.pgdat) {
    for (const run of node.links.in(0, Number.MAX_SAFE_INTEGER)) {
      if (!run.value) continue;
      for (let id = run.start; id < run.end; id++) {
        const block = state.memory_block.get(id);
        if (!block)
          notSo('no such block', nid, id, `node${nid}/memory${id} leads to a block that does not exist`);
        else if (!block.links.includes(nid))
          notSo('one-sided', nid, id, `node${nid}/memory${id} has no counterpart`);
      }
    }
  }
  for (const [id, block] of state.memory_block) {
    for (const nid of block.links) {
      const node = state.pgdat.get(nid);
      if (!node?.registered)
        notSo(
          'node not registered',
          nid,
          id,
          `memory${id}/node${nid} leads to a node that is not registered`,
        );
      else if (!node.links.get(id)) notSo('one-sided', nid, id, `memory${id}/node${nid} has no counterpart`);
    }
    if (block.nid >= 0 && !block.links.includes(block.nid)) {
      notSo('not linked', block.nid, id, `memory${id} belongs to node ${block.nid} and is not linked to it`);
    }
  }
  return found;
}
