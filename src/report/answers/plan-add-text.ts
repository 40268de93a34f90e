import type { AddPlan, Ratio } from '../../answers/plan/add.ts';
import { blocksText, plural, rangeOf, section, sizeOf } from './words.ts';

const ratio = ({ movable, kernel }: Ratio): string =>
  kernel === 0 ? 'no kernel memory' : `${(movable / kernel).toFixed(2)} : 1`;

/** Documentation/admin-guide/mm/memory-hotplug.rst: 3:1 is fine for most, 4:1 for some; more starves the kernel. */
const ADVICE =
  "the kernel's documentation: up to 3 : 1 is fine, up to 4 : 1 may be, more may leave the kernel without memory";

export function addPlanText(plan: AddPlan): string {
  const { accepted, start, size, kind, node, block_size, lost, usable } = plan;
  const what = `${sizeOf(size)} (${kind}) at ${rangeOf(start, size)}, node ${node}`;
  const lines = [
    accepted
      ? `${what}: accepted, ${plural(plan.blocks, 'block')} of ${sizeOf(block_size)}${lost > 0 ? `, ${sizeOf(lost)} lost to alignment` : ''}.`
      : plan.errno === 'BUG'
        ? `${what}: the kernel would die of it (BUG): ${plan.why}.`
        : `${what}: refused${plan.errno ? ` with ${plan.errno}` : ''}: ${plan.why}.`,
  ];
  const near = [
    ...plan.nearest_starts.map((at) => `start 0x${at.toString(16)}`),
    ...plan.nearest_sizes.map((of) => `size ${sizeOf(of)} (0x${of.toString(16)})`),
  ];
  lines.push(...section('accepted next to it', near), ...section('the kernel prints', plan.messages));
  if (accepted) {
    const last = plan.first_block! + plan.blocks - 1;
    lines.push(`blocks: ${blocksText(plan.first_block!, last)}, ${sizeOf(usable)}`);
    const { costs, free } = plan;
    if (costs) {
      lines.push(
        ...section('costs', [
          `struct pages: ${costs.memmap} bytes (${sizeOf(costs.memmap)}), ${costs.on_memory ? 'in the new memory itself' : 'of memory that is there'}`,
          `page tables: ${costs.page_tables} bytes${costs.page_tables > 0 ? ` (${sizeOf(costs.page_tables)})` : ''}`,
          `must be free before: ${sizeOf(costs.needed)}${free === null ? '' : free < costs.needed ? `, and only ${sizeOf(free)} are` : ` of ${sizeOf(free)}`}`,
        ]),
      );
    }
    lines.push(
      `memmap_on_memory: ${plan.memmap_on_memory.applies ? 'applies' : 'does not apply'}: ${plan.memmap_on_memory.why}`,
      ...section(
        'zones',
        plan.zones.map(({ how, zone }) => `${how}: ${zone}`),
      ),
    );
    if (plan.ratio)
      lines.push(
        ...section('movable : kernel memory', [
          `now ${ratio(plan.ratio.before)}; all online_movable ${ratio(plan.ratio.movable)}; all online_kernel ${ratio(plan.ratio.kernel)}`,
          ADVICE,
        ]),
      );
    lines.push(...section('brought online by', plan.onlined_by));
  }
  if (accepted)
    lines.push(
      ...section(
        'commands',
        plan.commands.map(({ where, command }) => `${where}: ${command}`),
      ),
    );
  return lines.map((line) => `${line}\n`).join('');
}
