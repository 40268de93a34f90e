import type { Steps } from '../../../steps/step.ts';
import type { Config } from '../../config.ts';
import type { Kernel } from '../../kernel.ts';
import { add, change, exists, look, operation, R, W } from '../../ops.ts';
import { PFN_DOWN, PFN_PHYS, PFN_UP, section_nr_to_pfn } from '../../pfn.ts';
import { MEMBLOCK_MEMORY, NUMA_NO_NODE, type State } from '../../state.ts';

/** drivers/base/node.c: the two links between a node and each of its memory blocks. */

/** nodeN/memoryX. False if a link of that name already exists. */
const create_node_link = operation({
  name: 'create_node_link',
  obj: 'node links',
  writes: true,
  tell: ([nid, id]) => ({ kind: 'does', what: `sysfs_create_link_nowarn(node${nid}, memory${id})` }),
  changes: ['memory_block', 'pgdat'],
  run(state: State, nid: number, id: number): boolean {
    const node = state.pgdat.get(nid)!;
    if (node.links.get(id)) return false;
    node.links.set(id, id + 1, true);
    return true;
  },
});

/** memoryX/nodeN. */
const create_block_link = operation({
  name: 'create_block_link',
  obj: 'node links',
  writes: true,
  tell: ([id, nid]) => ({ kind: 'does', what: `sysfs_create_link_nowarn(memory${id}, node${nid})` }),
  changes: ['memory_block', 'pgdat'],
  run(state: State, id: number, nid: number): boolean {
    const block = state.memory_block.get(id)!;
    if (block.links.includes(nid)) return false;
    block.links = [...block.links, nid].sort((a, b) => a - b);
    return true;
  },
});

const remove_links = operation({
  name: 'remove_links',
  obj: 'node links',
  writes: true,
  tell: ([id, nid]) => ({
    kind: 'does',
    what: `sysfs_remove_link() of node${nid}/memory${id}, memory${id}/node${nid}`,
  }),
  changes: ['memory_block', 'pgdat'],
  run(state: State, id: number, nid: number): void {
    state.pgdat.get(nid)?.links.set(id, id + 1, false);
    const block = state.memory_block.get(id);
    if (block) block.links = block.links.filter((n) => n !== nid);
  },
});

/** One pfn of every range in which all struct pages are equal and memblock contains all of them or none, ascending. */
const one_of_each = operation({
  name: 'one_of_each',
  obj: 'pages',
  writes: false,
  run(state: State, c: Config, start: number, end: number): number[] {
    const pfns = new Set([...state.pages.in(start, end)].map((run) => run.start));
    for (const { base, size } of state.memblock_type.get(MEMBLOCK_MEMORY)!.regions) {
      for (const pfn of [PFN_UP(c, base), PFN_DOWN(c, base + size)]) {
        if (pfn > start && pfn < end) pfns.add(pfn);
      }
    }
    return [...pfns].sort((a, b) => a - b);
  },
});

const drop_node_links = operation({
  name: 'drop_node_links',
  obj: 'node links',
  writes: true,
  tell: ([nid]) => ({ kind: 'does', what: `kobject_del(node${nid})` }),
  changes: ['memory_block', 'pgdat'],
  run: (state: State, nid: number): void =>
    state.pgdat.get(nid)!.links.set(0, Number.MAX_SAFE_INTEGER, false),
});

export const v5_2 = {
  /** -1 if the pfn is not valid: on arm64 until v5.15 also if memblock no longer contains it (B01). */
  *get_nid_for_pfn(this: Kernel, pfn: number): Steps<number> {
    if (!(yield* this.pfn_valid(pfn))) return -1;
    return yield* this.pfn_to_nid(pfn, 'get_nid_for_pfn');
  },

  *$set_block_nid(this: Kernel, id: number, nid: number): Steps<void> {
    const old = yield* R('memory_block', id, 'nid');
    if (old === nid) return;
    if (old !== NUMA_NO_NODE) yield* add('pgdat', old, 'nr_blocks', -1);
    yield* add('pgdat', nid, 'nr_blocks', 1);
    yield* W('memory_block', id, 'nid', nid);
  },

  /** Until v5.9: while the system boots, a page of the node must be found in the block (B04). */
  *register_mem_sect_under_node(this: Kernel, id: number, nid: number): Steps<number> {
    yield* this.$set_block_nid(id, nid);
    const booting = (yield* R('vars', 0, 'system_state')) === 'booting';
    const first = yield* R('memory_block', id, 'start_section_nr');
    for (let nr = first; nr < first + this.c.sections_per_block; nr++) {
      const pfn = section_nr_to_pfn(this.c, nr);
      if (!(yield* this.pfn_in_present_section(pfn))) continue;
      if (booting && (yield* this.get_nid_for_pfn(pfn)) !== nid) continue;
      if (!(yield* change(create_node_link, nid, id))) return -this.errno.EEXIST;
      if (!(yield* change(create_block_link, id, nid))) return -this.errno.EEXIST;
      return 0;
    }
    return 0;
  },

  *link_mem_sections(this: Kernel, nid: number, start_pfn: number, end_pfn: number): Steps<number> {
    const start = PFN_PHYS(this.c, start_pfn);
    for (const id of yield* this.walk_memory_blocks(start, PFN_PHYS(this.c, end_pfn) - start)) {
      const ret = yield* this.register_mem_sect_under_node(id, nid);
      if (ret) return ret;
    }
    return 0;
  },

  /** Removes both links to each node that a page of [start_pfn, end_pfn) names, if the page can be read. */
  *$unlink_nodes_of(this: Kernel, id: number, start_pfn: number, end_pfn: number): Steps<void> {
    const seen = new Set<number>();
    for (const pfn of yield* look(one_of_each, this.c, start_pfn, end_pfn)) {
      const nid = yield* this.get_nid_for_pfn(pfn);
      if (nid < 0 || seen.has(nid) || !(yield* exists('pgdat', nid))) continue;
      if (!(yield* R('pgdat', nid, 'online'))) continue;
      seen.add(nid);
      yield* change(remove_links, id, nid);
    }
  },

  /** v5.2: for every page of this section. */
  *unregister_mem_sect_under_nodes(this: Kernel, id: number, section_nr: number): Steps<void> {
    const start_pfn = section_nr_to_pfn(this.c, section_nr);
    yield* this.$unlink_nodes_of(id, start_pfn, start_pfn + this.c.PAGES_PER_SECTION);
  },

  /** V5.2 unlinks section by section. */
  *unregister_memory_block_under_nodes(this: Kernel, _id: number): Steps<void> {},

  *__register_one_node(this: Kernel, nid: number): Steps<number> {
    if (yield* this.$should_fail('node_device')) return -this.errno.ENOMEM;
    yield* W('pgdat', nid, 'registered', true);
    return 0;
  },

  *unregister_one_node(this: Kernel, nid: number): Steps<void> {
    yield* change(drop_node_links, nid);
    yield* W('pgdat', nid, 'registered', false);
  },
};

export const v5_3 = {
  /** The loop ends at the first pfn of the last section (B03), and trusts struct pages (B02). */
  *unregister_memory_block_under_nodes(this: Kernel, id: number): Steps<void> {
    const first = yield* R('memory_block', id, 'start_section_nr');
    const last = section_nr_to_pfn(this.c, first + this.c.sections_per_block - 1);
    yield* this.$unlink_nodes_of(id, section_nr_to_pfn(this.c, first), last + 1);
  },
};

export const v5_4 = {
  /** Uses the stored node id; reads nothing from the memmap (d84f2f5a7552). */
  *unregister_memory_block_under_nodes(this: Kernel, id: number): Steps<void> {
    const nid = yield* R('memory_block', id, 'nid');
    if (nid !== NUMA_NO_NODE) yield* change(remove_links, id, nid);
  },
};

export const v5_10 = {
  /** Hotplug context: every block of the range belongs to the node; an existing link counts as success. */
  *register_mem_sect_under_node(this: Kernel, id: number, nid: number): Steps<number> {
    yield* this.$set_block_nid(id, nid);
    yield* change(create_node_link, nid, id);
    yield* change(create_block_link, id, nid);
    return 0;
  },
};
