import { iomem } from '../../kernel/fs/proc/files.ts';
import { hex } from '../../kernel/pfn.ts';
import { MEMBLOCK_MEMORY, type State, zone_to_nid } from '../../kernel/state.ts';
import {
  memblock_flags_name,
  memory_block_state_name,
  section_mem_map_name,
  zone_name,
} from '../../kernel/value_names.ts';
import type { Failure } from '../../steps/failure.ts';
import { broken } from './broken.ts';

/**
 * The part of the state that a failed operation must leave unchanged, as lines with one fact each. Equal states give
 * equal lines.
 */
export function observable(state: State): string[] {
  const lines: string[] = [...iomem(state)];
  for (const [id, b] of [...state.memory_block].sort(([a], [b]) => a - b)) {
    lines.push(
      `memory${id} state ${memory_block_state_name(b.state)} nid ${b.nid} zone ${zone_name(state, b.zone)} links ${b.links.join()}`,
    );
  }
  for (const [key, z] of state.zone) {
    lines.push(
      `node ${zone_to_nid(key)} zone ${z.name}: start_pfn ${z.zone_start_pfn} spanned ${z.spanned_pages} present ${z.present_pages} managed ${z.managed_pages}`,
    );
  }
  for (const [nid, n] of state.pgdat) {
    const span = `${n.node_start_pfn}+${n.node_spanned_pages}`;
    lines.push(
      `node ${nid} N_ONLINE ${n.online} N_MEMORY ${n.n_memory} N_NORMAL_MEMORY ${n.n_normal_memory} span ${span}`,
    );
  }
  for (const [type, { regions }] of state.memblock_type) {
    for (const r of regions)
      lines.push(
        `memblock.${type === MEMBLOCK_MEMORY ? 'memory' : 'reserved'} ${hex(r.base)}+${hex(r.size)} nid ${r.nid} ${memblock_flags_name(r.flags)}`,
      );
  }
  for (const [nr, ms] of [...state.mem_section].sort(([a], [b]) => a - b)) {
    if (ms.section_mem_map) lines.push(`section ${nr} ${section_mem_map_name(ms.section_mem_map)}`);
  }
  return lines;
}

/** The most differences that are listed. */
const TOLD = 12;

/** An operation has failed and has not restored this state. */
export const notRestored = (lines: readonly string[]): Failure =>
  broken('restore', 'not as before', { lines }, `failed and left ${told(lines)}`);

/** The differences as one text, short enough to read. */
const told = (lines: readonly string[]): string =>
  lines.length <= TOLD
    ? lines.join(', ')
    : `${lines.slice(0, TOLD).join(', ')} and ${lines.length - TOLD} more`;

/** The lines of one text that the other does not have. */
export function changedLines(before: readonly string[], after: readonly string[]): string[] {
  const a = new Set(before);
  const b = new Set(after);
  return [
    ...before.filter((line) => !b.has(line)).map((line) => `- ${line}`),
    ...after.filter((line) => !a.has(line)).map((line) => `+ ${line}`),
  ];
}
