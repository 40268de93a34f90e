import { z } from 'zod';
import { KPF } from '../../kernel/fs/proc/page.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { pfn_to_section_nr } from '../../kernel/pfn.ts';
import { SECTION_IS_EARLY, type State } from '../../kernel/state.ts';
import type { FileTree } from '../../machines/sources/tree.ts';
import { kpageflagsRuns } from '../../scenarios/pages/kpageflags.ts';
import type { Tally } from '../tally.ts';
import { parseJson } from './json.ts';

/** Compares /proc/kpageflags, which recordings have as runs: the flags that do not depend on what uses a page. */

const X86 = 'kpageflags.rle';
const ARM64 = 'proc/kpageflags.json';

const BOOT = ['NOPAGE', 'HWPOISON'] as const;
/** Of hot-added memory, what is reserved and what is logically offline is known, too. */
const ADDED = [...BOOT, 'RESERVED', 'OFFLINE'] as const;

interface Run {
  readonly start: number;
  readonly end: number;
  readonly flags: readonly string[];
}

/** A word of the file; a sum of powers of two. */
const flagsOf = (word: number): string[] =>
  ADDED.filter((name) => Math.floor(word / 2 ** KPF[name]) % 2 === 1);

/** Runs of "0x180000 42 0x0", one per line. */
const ofX86 = (text: string): Run[] =>
  [...text.matchAll(/^0x([0-9a-f]{1,13}) (\d{1,15}) 0x([0-9a-f]{1,16})$/gm)].map((match) => {
    const start = Number.parseInt(match[1]!, 16);
    return { start, end: start + Number(match[2]), flags: flagsOf(Number.parseInt(match[3]!, 16)) };
  });

const pfn = z
  .string()
  .regex(/^0x[0-9a-f]{1,13}$/)
  .transform(Number);
const arm64 = z.record(
  z.string(),
  z.object({ runs: z.array(z.tuple([pfn, pfn, z.string()])), nruns: z.int() }),
);

/** Runs of names by range; null if the text is of another form, or not all runs were recorded. */
function ofArm64(text: string): Run[] | null {
  const parsed = arm64.safeParse(parseJson(text));
  if (!parsed.success) return null;
  const ranges = Object.values(parsed.data);
  if (ranges.some(({ runs, nruns }) => runs.length !== nruns)) return null;
  return ranges.flatMap(({ runs }) =>
    runs.map(([start, end, names]) => {
      const list = names.split('|').map((name) => (name === `b${KPF.RESERVED}` ? 'RESERVED' : name));
      return { start, end, flags: ADDED.filter((name) => list.includes(name)) };
    }),
  );
}

/** The flags compared, with adjacent equal runs merged: those of boot memory and of hot-added memory apart. */
function compared(runs: Iterable<Run>, state: State, k: Kernel): Run[] {
  const list: { start: number; end: number; flags: readonly string[] }[] = [];
  for (const run of runs) {
    for (let at = run.start; at < run.end; ) {
      const nr = pfn_to_section_nr(k.c, at);
      const end = Math.min(run.end, (nr + 1) * k.c.PAGES_PER_SECTION);
      const ms = state.mem_section.get(nr);
      const known: readonly string[] = ms && ms.section_mem_map & SECTION_IS_EARLY ? BOOT : ADDED;
      const flags = run.flags.filter((name) => known.includes(name));
      const last = list.at(-1);
      if (last && last.end === at && last.flags.join() === flags.join()) last.end = end;
      else list.push({ start: at, end, flags });
      at = end;
    }
  }
  return list;
}

function* modelled(state: State, k: Kernel, start: number, end: number): Generator<Run> {
  for (const { pfn, nr_pages, value } of kpageflagsRuns(state, k, start, end)) {
    yield { start: pfn, end: pfn + nr_pages, flags: value === null ? ['(crashes)'] : flagsOf(value) };
  }
}

const textOf = (run: Run | undefined): string =>
  run
    ? `0x${run.start.toString(16)} ${run.end - run.start} ${run.flags.length === 0 ? 'none of them' : run.flags.join('|')}`
    : '(none)';

export function compareKpageflags(tally: Tally, tree: FileTree, state: State, k: Kernel): void {
  const name = tree.kind(X86) === 'file' ? X86 : ARM64;
  const text = tree.readText(name);
  if (text === undefined) return;
  const runs = name === X86 ? ofX86(text) : ofArm64(text);
  if (runs === null) {
    tally.notCompared.add(`${name}: not all runs of pages were recorded`);
    return;
  }
  const recorded = compared(runs, state, k);
  const spans: { start: number; end: number }[] = [];
  for (const { start, end } of recorded) {
    const last = spans.at(-1);
    if (last && last.end === start) last.end = end;
    else spans.push({ start, end });
  }
  const model = compared(
    spans.flatMap(({ start, end }) => [...modelled(state, k, start, end)]),
    state,
    k,
  );
  for (let i = 0; i < Math.max(recorded.length, model.length); i++)
    tally.check('pages', `${name} run ${i + 1}`, textOf(recorded[i]), textOf(model[i]));
  tally.notCompared.add(`${name}: flags but ${ADDED.join(', ')}: what uses a page is chance`);
}
