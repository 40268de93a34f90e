import type { Kernel } from '../kernel/kernel.ts';
import { online_policies } from '../kernel/mm/memory_hotplug/zone_for_pfn_range.ts';
import { MMOP_OFFLINE, type State, zone_idx } from '../kernel/state.ts';
import type { Machine } from '../machines/machine.ts';
import { cmdline_words } from './config.ts';

const online_types = ['offline', 'online', 'online_kernel', 'online_movable'];

/** Options that change where boot memory lies or what it becomes, and that the model does not follow. */
const UNMODELLED = ['mem', 'memmap', 'movablecore', 'kernelcore', 'crashkernel', 'numa', 'cma'];

/** Boot options that memory hotplug would heed and this model does not, a line each. */
export function unmodelled_options(machine: Machine): string[] {
  const words = cmdline_words(machine.cmdline ?? '');
  const notes = words
    .filter((word) => UNMODELLED.includes(word.split('=')[0]!) && word.includes('='))
    .map((word) => `boot option ${word} is not modelled`);
  if (words.includes('memory_hotplug.memmap_on_memory=force')) {
    notes.push('boot option memory_hotplug.memmap_on_memory=force is taken for Y');
  }
  const state = value_of(words, 'memhp_default_state');
  if (state !== undefined && !online_types.includes(state))
    notes.push(`boot option memhp_default_state=${state} is unknown`);
  return notes;
}

const value_of = (words: readonly string[], name: string): string | undefined =>
  words.findLast((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);

/** The kernel's global variables after boot: as sysfs shows them, else as the boot options set them. */
export function boot_vars(machine: Machine, k: Kernel, state: State): void {
  const params = machine.params ?? {};
  const words = cmdline_words(machine.cmdline ?? '');
  const param = (name: string): string | undefined =>
    (params[name] ?? value_of(words, `memory_hotplug.${name}`))?.trim();
  const default_state = (
    params.auto_online_blocks ??
    value_of(words, 'memhp_default_state') ??
    'offline'
  ).trim();
  const policy = online_policies.indexOf((param('online_policy') ?? '') as (typeof online_policies)[number]);
  const ratio = Number(param('auto_movable_ratio') ?? 301);
  let policy_zone = 0;
  let max_pfn = 0;
  for (const [key, zone] of state.zone) {
    if (zone.present_pages === 0) continue;
    if (zone_idx(key) !== k.c.ZONE_MOVABLE) policy_zone = Math.max(policy_zone, zone_idx(key));
    max_pfn = Math.max(max_pfn, zone.zone_start_pfn + zone.spanned_pages);
  }
  state.vars.set(0, {
    mhp_default_online_type: Math.max(MMOP_OFFLINE, online_types.indexOf(default_state)),
    online_policy: Math.max(0, policy),
    auto_movable_ratio: Number.isSafeInteger(ratio) && ratio >= 0 ? ratio : 301,
    auto_movable_numa_aware: !/^(n|0|f|off)/i.test(param('auto_movable_numa_aware') ?? 'Y'),
    max_pfn,
    policy_zone,
    system_state: 'running',
    totalram_pages: [...state.zone.values()].reduce((sum, zone) => sum + zone.managed_pages, 0),
    num_poisoned_pages: 0,
    next_mgid: 1,
    notifier_error: {},
    fail_alloc: {},
    fail_after: {},
    nr_vmemmap_pages: 0,
    nr_page_table_pages: 0,
    warned: [],
    map_entries_nr: Math.max(-1, ...state.firmware_map.map(({ id }) => id)) + 1,
  });
}
