import type { Kernel } from '../../kernel/kernel.ts';
import { online_policies } from '../../kernel/mm/memory_hotplug/zone_for_pfn_range.ts';
import { MMOP_OFFLINE, type State, zone_idx } from '../../kernel/state.ts';
import type { KernelOptions } from '../../machines/kernel-options.ts';
import type { Machine } from '../../machines/machine.ts';
import type { ReleaseConstants } from '../../releases/define.ts';
import { cmdlineWords, valueIn } from './cmdline-words.ts';
import { memoryHotplugParameters } from './parameters.ts';

const onlineTypes = ['offline', 'online', 'online_kernel', 'online_movable'];

/** Options that change where boot memory lies or how it is used, and that the model does not implement. */
const UNMODELLED = [
  'acpi',
  'add_efi_memmap',
  'cma',
  'crashkernel',
  'efi_fake_mem',
  'hugetlb_cma',
  'hugetlb_free_vmemmap',
  'kfence.sample_interval',
  'numa',
  'numa_cma',
  'reserve_mem',
];

/** Boot options that affect memory hotplug and that this model ignores, one line each. */
export function unmodelledOptions(machine: Machine, constants: ReleaseConstants): string[] {
  const words = cmdlineWords(machine.cmdline ?? '');
  const notes = words
    .filter((word) => UNMODELLED.includes(word.split('=')[0]!))
    .map((word) => `boot option ${word} is not modelled`);
  notes.push(...memoryHotplugParameters(words, constants).notes);
  const state = valueIn(words, 'memhp_default_state');
  if (state !== undefined && !onlineTypes.includes(state))
    notes.push(`boot option memhp_default_state=${state} is unknown`);
  return notes;
}

/** What new blocks become if neither a file nor a boot option says: until v6.13 one option, then a choice of four. */
function builtInDefault(config: KernelOptions): string {
  if (config.MEMORY_HOTPLUG_DEFAULT_ONLINE || config.MHP_DEFAULT_ONLINE_TYPE_ONLINE_AUTO) return 'online';
  if (config.MHP_DEFAULT_ONLINE_TYPE_ONLINE_KERNEL) return 'online_kernel';
  return config.MHP_DEFAULT_ONLINE_TYPE_ONLINE_MOVABLE ? 'online_movable' : 'offline';
}

/** The kernel's global variables after boot: as sysfs shows them, else as the boot options set them. */
export function bootVars(machine: Machine, k: Kernel, constants: ReleaseConstants, state: State): void {
  const params = machine.params ?? {};
  const words = cmdlineWords(machine.cmdline ?? '');
  const { values } = memoryHotplugParameters(words, constants);
  const param = (name: string): string | undefined => (params[name] ?? values[name])?.trim();
  const defaultState = (
    params.auto_online_blocks ??
    valueIn(words, 'memhp_default_state') ??
    builtInDefault(machine.config ?? {})
  ).trim();
  const policy = online_policies.indexOf((param('online_policy') ?? '') as (typeof online_policies)[number]);
  const ratio = Number(param('auto_movable_ratio') ?? 301);
  let policyZone = 0;
  let maxPfn = 0;
  for (const [key, zone] of state.zone) {
    if (zone.present_pages === 0) continue;
    if (zone_idx(key) !== k.c.ZONE_MOVABLE) policyZone = Math.max(policyZone, zone_idx(key));
    maxPfn = Math.max(maxPfn, zone.zone_start_pfn + zone.spanned_pages);
  }
  state.vars.set(0, {
    mhp_default_online_type: Math.max(MMOP_OFFLINE, onlineTypes.indexOf(defaultState)),
    online_policy: Math.max(0, policy),
    auto_movable_ratio: Number.isSafeInteger(ratio) && ratio >= 0 ? ratio : 301,
    auto_movable_numa_aware: !/^(n|0|f|off)/i.test(param('auto_movable_numa_aware') ?? 'Y'),
    max_pfn: maxPfn,
    policy_zone: policyZone,
    system_state: 'running',
    totalram_pages: [...state.zone.values()].reduce((sum, zone) => sum + zone.managed_pages, 0),
    num_poisoned_pages: 0,
    nr_memmap_pages: 0,
    block_references: [],
    next_mgid: 1,
    notifier_error: {},
    fail_alloc: {},
    fail_after: {},
    nr_vmemmap_pages: 0,
    nr_page_table_pages: 0,
    warned: [],
    kmem_ids: [],
    device_dax_ids: [],
    map_entries_nr: Math.max(-1, ...state.firmware_map.map(({ id }) => id)) + 1,
  });
}
