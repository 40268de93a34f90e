import type { Steps } from '../../../steps/step.ts';
import type { Kernel, memory_notify } from '../../kernel.ts';
import { pr_err, R, W } from '../../ops.ts';
import { NUMA_NO_NODE, zone_idx, zone_key, zone_to_nid } from '../../state.ts';

/** mm/memory_hotplug.c: which nodes have memory, and nodes that are added and removed with it. */

export const v5_2 = {
  *node_states_check_changes_online(this: Kernel, zone: number, arg: memory_notify): Steps<void> {
    const nid = zone_to_nid(zone);
    arg.status_change_nid = (yield* R('pgdat', nid, 'n_memory')) ? NUMA_NO_NODE : nid;
    const kernel_zone = zone_idx(zone) <= this.c.ZONE_NORMAL;
    arg.status_change_nid_normal =
      kernel_zone && !(yield* R('pgdat', nid, 'n_normal_memory')) ? nid : NUMA_NO_NODE;
  },

  *node_states_set_node(this: Kernel, nid: number, arg: memory_notify): Steps<void> {
    if (arg.status_change_nid_normal >= 0) yield* W('pgdat', nid, 'n_normal_memory', true);
    if (arg.status_change_nid >= 0) yield* W('pgdat', nid, 'n_memory', true);
  },

  /** Compares the size of the range with the node's present pages, not with the present pages of the range (B79). */
  *node_states_check_changes_offline(
    this: Kernel,
    nr_pages: number,
    zone: number,
    arg: memory_notify,
  ): Steps<void> {
    const nid = zone_to_nid(zone);
    arg.status_change_nid = NUMA_NO_NODE;
    arg.status_change_nid_normal = NUMA_NO_NODE;
    let present = 0;
    for (let i = 0; i <= this.c.ZONE_NORMAL; i++) {
      present += yield* R('zone', zone_key(nid, i), 'present_pages');
    }
    if (zone_idx(zone) <= this.c.ZONE_NORMAL && nr_pages >= present) arg.status_change_nid_normal = nid;
    present += yield* R('zone', zone_key(nid, this.c.ZONE_MOVABLE), 'present_pages');
    if (nr_pages >= present) arg.status_change_nid = nid;
  },

  *node_states_clear_node(this: Kernel, nid: number, arg: memory_notify): Steps<void> {
    if (arg.status_change_nid_normal >= 0) yield* W('pgdat', nid, 'n_normal_memory', false);
    if (arg.status_change_nid >= 0) yield* W('pgdat', nid, 'n_memory', false);
  },

  /** 1: the node was offline and is now initialised; 0: it is online; -ENOMEM. */
  *__try_online_node(this: Kernel, nid: number): Steps<number> {
    if (yield* R('pgdat', nid, 'online')) return 0;
    if (yield* this.$should_fail('pgdat')) {
      yield* pr_err(`Cannot online node ${nid} due to NULL pgdat`);
      return -this.errno.ENOMEM;
    }
    yield* this.hotadd_init_pgdat(nid);
    return 1;
  },

  /**
   * hotadd_new_pgdat() until v5.17. The spans stay, as device memory may have made them before; the start alone is
   * forgotten.
   */
  *hotadd_init_pgdat(this: Kernel, nid: number): Steps<void> {
    yield* W('pgdat', nid, 'node_start_pfn', 0);
    for (let i = 0; i < this.c.zones.length; i++) yield* W('zone', zone_key(nid, i), 'managed_pages', 0);
    yield* this.build_all_zonelists(nid);
    for (let i = 0; i < this.c.zones.length; i++) yield* W('zone', zone_key(nid, i), 'present_pages', 0);
    yield* W('pgdat', nid, 'node_present_pages', 0);
  },

  /** v5.2, v5.3: searches the node's span for the node id in each section's first struct page (B08). */
  *$node_has_memory_left(this: Kernel, nid: number): Steps<boolean> {
    const start = yield* R('pgdat', nid, 'node_start_pfn');
    const end = start + (yield* R('pgdat', nid, 'node_spanned_pages'));
    for (let pfn = start; pfn < end; pfn += this.c.PAGES_PER_SECTION) {
      if (!(yield* this.pfn_in_present_section(pfn))) continue;
      if ((yield* this.pfn_to_nid(pfn, 'try_offline_node')) === nid) return true;
    }
    return false;
  },

  *try_offline_node(this: Kernel, nid: number): Steps<void> {
    if (yield* this.$node_has_memory_left(nid)) return;
    if ((yield* R('pgdat', nid, 'cpus')).length > 0) return;
    yield* W('pgdat', nid, 'online', false);
    yield* this.unregister_one_node(nid);
  },
};

export const v5_4 = {
  /** Whether the node spans pages, or a memory block has its node id (2c91f8fc6c99). */
  *$node_has_memory_left(this: Kernel, nid: number): Steps<boolean> {
    if ((yield* R('pgdat', nid, 'node_spanned_pages')) > 0) return true;
    return (yield* R('pgdat', nid, 'nr_blocks')) > 0;
  },
};

export const v6_18 = {
  /** Decided by the present pages of the node; N_NORMAL_MEMORY is updated after the accounting. */
  *node_states_check_changes_offline(
    this: Kernel,
    nr_pages: number,
    zone: number,
    arg: memory_notify,
  ): Steps<void> {
    const nid = zone_to_nid(zone);
    arg.status_change_nid_normal = NUMA_NO_NODE;
    arg.status_change_nid = nr_pages >= (yield* R('pgdat', nid, 'node_present_pages')) ? nid : NUMA_NO_NODE;
    if (zone_idx(zone) > this.c.ZONE_NORMAL) return;
    let present = 0;
    for (let i = 0; i <= this.c.ZONE_NORMAL; i++) {
      present += yield* R('zone', zone_key(nid, i), 'present_pages');
    }
    if (nr_pages >= present) arg.status_change_nid_normal = nid;
  },
};

/** The stub of kernels without CONFIG_MEMORY_HOTREMOVE. */
export const without_hotremove = { *try_offline_node(this: Kernel): Steps<void> {} };
