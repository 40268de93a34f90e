import { HUGEPAGES, lookup, NODE } from '../../kernel/fs/sysfs.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { State } from '../../kernel/state.ts';
import type { FileTree } from '../../machines/sources/tree.ts';
import type { Tally } from '../tally.ts';

/** Pools of huge pages, as sysfs shows them for each node and for all. */

const SYSCTL = '/proc/sys/vm/nr_hugepages';

const COUNTERS = ['nr_hugepages', 'free_hugepages', 'surplus_hugepages', 'resv_hugepages', 'demote_size'];

function compareSizes(tally: Tally, tree: FileTree, state: State, k: Kernel, root: string): void {
  const recorded = tree.list(root.slice(1));
  const entry = lookup(state, k, root);
  const model = entry?.kind === 'dir' ? [...entry.names] : [];
  tally.check('hugepages', root, [...(recorded ?? [])].sort().join(' '), model.sort().join(' '));
  for (const size of (recorded ?? []).filter((name) => model.includes(name))) {
    for (const name of COUNTERS) {
      const path = `${root}/${size}/${name}`;
      const text = tree.readText(path.slice(1));
      const own = lookup(state, k, path);
      if (text !== undefined)
        tally.check('hugepages', path, text, own?.kind === 'file' ? own.text : '(absent)');
    }
  }
}

export function compareHugetlb(tally: Tally, tree: FileTree, state: State, k: Kernel): void {
  const nodes = (tree.list(NODE.slice(1)) ?? []).filter((name) => /^node\d+$/.test(name)).sort();
  for (const node of nodes) compareSizes(tally, tree, state, k, `${NODE}/${node}/hugepages`);
  if (tree.list(HUGEPAGES.slice(1))) compareSizes(tally, tree, state, k, HUGEPAGES);
  const persistent = tree.readText(SYSCTL.slice(1));
  const pool = state.hstate.get(k.c.default_hugepage_order);
  if (persistent !== undefined && pool)
    tally.check('hugepages', SYSCTL, persistent, `${pool.nr_huge_pages - pool.surplus_huge_pages}\n`);
}
