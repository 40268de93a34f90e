import { isMapped } from '../../src/hardware/walks/walk.ts';
import { phys_to_virt, vmemmap_of } from '../../src/kernel/pfn.ts';
import { SECTION_HAS_MEM_MAP } from '../../src/kernel/state.ts';
import type { Session } from '../../src/scenarios/running/session.ts';
import { booted, G, play } from '../kit.ts';
import { arm64, wordsText } from '../tables.ts';
import { far, type Shape } from './ranges.ts';
import { Recorder } from './trace.ts';

/** Memory that is added and removed as on a real machine, with all invariants checked after every operation. */

interface Life {
  readonly steps: (at: number, block: number) => readonly object[];
  readonly boot_options?: string;
}

export const LIVES: Readonly<Record<string, Life>> = {
  'a block comes and goes': {
    steps: (at, size) => [
      { add: { start: at, size, node: 1 } },
      { online_movable: at / size },
      { offline: at / size },
      { remove: { start: at, size } },
    ],
  },
  'two blocks, the first goes first': {
    steps: (at, size) => [
      { add: { start: at, size, node: 1 } },
      { add: { start: at + size, size, node: 1 } },
      { remove: { start: at, size } },
      { touch: { start: at + size, size } },
      { remove: { start: at + size, size } },
      { add: { start: at, size, node: 1 } },
      { remove: { start: at, size } },
    ],
  },
  'an add that fails': {
    steps: (at, size) => [
      { fail: { site: 'vmemmap_populate' } },
      { add: { start: at, size, node: 1, expect: 'any' } },
      { add: { start: at, size, node: 1 } },
      { remove: { start: at, size } },
    ],
  },
  'device memory with an altmap': {
    steps: (at) => [
      { memremap: { start: at, size: 2 * G, altmap: '64M' } },
      { memunmap: { start: at, size: 2 * G } },
    ],
  },
  'a memmap of its own': {
    boot_options: 'memory_hotplug.memmap_on_memory=1',
    steps: (at, size) => [{ add: { start: at, size, node: 1 } }, { remove: { start: at, size } }],
  },
};

/** While a section is marked as having a memmap, readers may access both its memory and its struct pages. */
function unmapped({ state, kernel: { c } }: Session, start: number, size: number): string[] {
  return [start, start + size - c.PAGE_SIZE].flatMap((phys) => {
    const pfn = phys / c.PAGE_SIZE;
    const section = state.mem_section.get(Math.floor(pfn / c.PAGES_PER_SECTION));
    if (!section || !(section.section_mem_map & SECTION_HAS_MEM_MAP)) return [];
    return [
      ...(isMapped(state.mmu!, phys_to_virt(c, phys))
        ? []
        : ['memory with a section is not mapped meanwhile']),
      ...(isMapped(state.mmu!, vmemmap_of(c, pfn))
        ? []
        : ['a struct page with a section is not mapped meanwhile']),
    ];
  });
}

/** The failures in a life, and the state left at its end. */
export function live(release: string, shape: Shape, { steps, boot_options = '' }: Life): string[] {
  const machine = arm64(shape.page, shape.va_bits, shape.rodata);
  const options = `${String(machine.boot_options)} ${boot_options}`.trim();
  const session = booted(release, { ...machine, boot_options: options });
  const words = wordsText(session);
  const failures: string[] = [];
  const size = session.kernel.c.memory_block_size_bytes;
  const todo = steps(far(shape), size);
  const outcomes = Recorder.watching(
    (step) => {
      if (
        step.op === 'write'
          ? step.obj === 'mem_section'
          : step.op === 'call' && step.operation.writes && step.operation.obj === 'mmu'
      )
        failures.push(...unmapped(session, far(shape), size));
    },
    () => play(session, ...todo),
  );
  for (const outcome of outcomes) {
    for (const { kind, text } of outcome.failures) failures.push(`${outcome.index} ${kind}: ${text}`);
    for (const message of outcome.messages)
      if (message.startsWith('BUG')) failures.push(`${outcome.index} ${message}`);
  }
  if (wordsText(session) !== words) {
    const { allocated, freed } = session.state.table_pages;
    failures.push(
      `the tables are not what they were: ${JSON.stringify(allocated)} - ${JSON.stringify(freed)}`,
    );
  }
  return failures;
}
