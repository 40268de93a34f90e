import { uncovered } from '../../boot/memory/holes.ts';
import { bootRanges } from '../../boot/memory/sections.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import {
  NO_PAGE,
  PageHWPoison,
  PageOffline,
  PageReserved,
  page_nid,
  page_zonenum,
} from '../../kernel/mm/page.ts';
import { subsection_set } from '../../kernel/mm/sparse.ts';
import { pfn_to_section_nr, section_nr_to_pfn } from '../../kernel/pfn.ts';
import {
  type mem_section,
  SECTION_HAS_MEM_MAP,
  SECTION_IS_EARLY,
  SECTION_IS_ONLINE,
  SECTION_MARKED_PRESENT,
  SECTION_TAINT_ZONE_DEVICE,
  type State,
} from '../../kernel/state.ts';
import { parseMemmap, parseSections, type RecordedPages } from '../../machines/recording/struct-pages.ts';
import type { FileTree } from '../../machines/sources/tree.ts';
import type { Tally } from '../tally.ts';

/** Compares sections, their sub-section maps and struct pages with a recording that has them (x86). */

const FLAGS: readonly (readonly [number, string])[] = [
  [SECTION_MARKED_PRESENT, 'MARKED_PRESENT'],
  [SECTION_HAS_MEM_MAP, 'HAS_MEM_MAP'],
  [SECTION_IS_ONLINE, 'IS_ONLINE'],
  [SECTION_IS_EARLY, 'IS_EARLY'],
  [SECTION_TAINT_ZONE_DEVICE, 'TAINT_ZONE_DEVICE'],
];

const hex = (words: readonly number[]): string =>
  words
    .map((word) => (word >>> 0).toString(16).padStart(8, '0'))
    .reduceRight((text, word) => text + word, '0x');

const ofModel = (ms: mem_section): string =>
  `${FLAGS.filter(([bit]) => ms.section_mem_map & bit)
    .map(([, name]) => name)
    .join('|')} ${ms.subsection_map ? hex(ms.subsection_map) : '(no usage)'}`;

const isPresent = (ms: mem_section | undefined): ms is mem_section =>
  ms !== undefined && (ms.section_mem_map & SECTION_MARKED_PRESENT) !== 0;

/** Compares mem_section.txt, and memmap.rle in sections that are not early and in holes of early ones. */
export function compareSections(tally: Tally, tree: FileTree, state: State, k: Kernel): void {
  const text = tree.readText('kernel/mem_section.txt');
  if (text === undefined) return;
  const recorded = parseSections(text, tree.source);
  const model = [...state.mem_section].filter(([, ms]) => isPresent(ms)).sort(([a], [b]) => a - b);
  const numbers = (list: readonly number[]): string => list.join(' ');
  tally.check(
    'sections',
    'present sections',
    numbers(recorded.map(({ nr }) => nr)),
    numbers(model.map(([nr]) => nr)),
  );
  for (const { nr, flags, subsection_map } of recorded) {
    const ms = state.mem_section.get(nr);
    if (!isPresent(ms)) continue;
    tally.check('sections', `section ${nr}`, `${flags.join('|')} ${hex(subsection_map)}`, ofModel(ms));
  }
  const early = recorded.filter(({ flags }) => flags.includes('IS_EARLY')).map(({ nr }) => nr);
  const late = recorded.filter(({ flags }) => !flags.includes('IS_EARLY')).map(({ nr }) => nr);
  comparePages(tally, tree, state, k, { early, late });
  const maxPfn = tree.readText('kernel/max_pfn');
  if (maxPfn !== undefined) {
    tally.check('sections', 'max_pfn', maxPfn.trim(), `0x${state.vars.get(0)!.max_pfn.toString(16)}`);
  }
  tally.notCompared.add('kernel/mem_section.txt: pointers to memmap and usage');
}

interface Recorded {
  readonly early: readonly number[];
  readonly late: readonly number[];
}

interface PageRun {
  start: number;
  end: number;
  readonly text: string;
}

/** Ascending runs, with adjacent equal ones merged. */
function joined(runs: Iterable<PageRun>): PageRun[] {
  const list: PageRun[] = [];
  for (const run of runs) {
    const last = list.at(-1);
    if (last && last.end === run.start && last.text === run.text) last.end = run.end;
    else list.push({ ...run });
  }
  return list;
}

function* recordedRuns(pages: readonly RecordedPages[], start: number, end: number): Generator<PageRun> {
  for (const { pfn, count, text, valid } of pages) {
    const [from, to] = [Math.max(pfn, start), Math.min(pfn + count, end)];
    if (from < to) yield { start: from, end: to, text: `${text} valid=${valid ? 1 : 0}` };
  }
}

function* modelRuns(state: State, k: Kernel, start: number, end: number): Generator<PageRun> {
  const map = state.mem_section.get(pfn_to_section_nr(k.c, start))?.subsection_map ?? null;
  for (let at = start; at < end; ) {
    const valid = map !== null && subsection_set(k.c, map, at) ? 1 : 0;
    const stop = Math.min(end, (Math.floor(at / k.c.PAGES_PER_SUBSECTION) + 1) * k.c.PAGES_PER_SUBSECTION);
    for (const { start: from, end: to, value } of state.pages.in(at, stop)) {
      const flags = `reserved=${PageReserved(value) ? 1 : 0} hwpoison=${PageHWPoison(value) ? 1 : 0}`;
      const offline = PageOffline(value) ? ' offline' : '';
      const page = `node=${page_nid(value)} zone=${k.c.zones[page_zonenum(value)]} ${flags}${offline}`;
      yield {
        start: from,
        end: to,
        text: `${value === NO_PAGE ? 'memmap-not-mapped' : page} valid=${valid}`,
      };
    }
    at = stop;
  }
}

const textOf = (run: PageRun | undefined): string =>
  run ? `0x${run.start.toString(16)} ${run.end - run.start} ${run.text}` : '(none)';

/** Compares holes in early sections: their parts that are not System RAM. */
function compareHoles(
  tally: Tally,
  pages: readonly RecordedPages[],
  state: State,
  k: Kernel,
  early: readonly number[],
): void {
  const ram = bootRanges(k.c, state);
  for (const nr of early) {
    const start = section_nr_to_pfn(k.c, nr);
    for (const hole of uncovered({ start, end: start + k.c.PAGES_PER_SECTION }, ram)) {
      for (const run of recordedRuns(pages, hole.start, hole.end)) {
        if (/zone=\d+\?/.test(run.text)) {
          tally.notCompared.add(
            'kernel/memmap.rle: ACPI tables outside RAM, which boot reserves: no zone spans them, and the zone they get is none',
          );
          continue;
        }
        const model = joined(modelRuns(state, k, run.start, run.end)).map(textOf);
        tally.check('pages', `kernel/memmap.rle hole`, textOf(run), model.join('; '));
      }
    }
  }
}

/** Compares boot memory but for what is reserved in it. */
function compareBootMemory(
  tally: Tally,
  pages: readonly RecordedPages[],
  state: State,
  k: Kernel,
  early: readonly number[],
): void {
  const plain = (run: PageRun): PageRun => ({ ...run, text: run.text.replace(/reserved=[01] /, '') });
  const isEarly = new Set(early);
  const spans = bootRanges(k.c, state).flatMap(({ start, end }) => {
    const parts: { start: number; end: number }[] = [];
    for (let at = start; at < end; ) {
      const nr = pfn_to_section_nr(k.c, at);
      const stop = Math.min(end, section_nr_to_pfn(k.c, nr + 1));
      if (isEarly.has(nr)) parts.push({ start: at, end: stop });
      at = stop;
    }
    return parts;
  });
  const recorded = joined(spans.flatMap(({ start, end }) => [...recordedRuns(pages, start, end)].map(plain)));
  const model = joined(spans.flatMap(({ start, end }) => [...modelRuns(state, k, start, end)].map(plain)));
  for (let i = 0; i < Math.max(recorded.length, model.length); i++) {
    tally.check('pages', `kernel/memmap.rle boot memory run ${i + 1}`, textOf(recorded[i]), textOf(model[i]));
  }
}

function comparePages(tally: Tally, tree: FileTree, state: State, k: Kernel, sections: Recorded): void {
  const text = tree.readText('kernel/memmap.rle');
  if (text === undefined) return;
  const pages = parseMemmap(text, tree.source);
  compareHoles(tally, pages, state, k, sections.early);
  compareBootMemory(tally, pages, state, k, sections.early);
  const spans = sections.late.map(
    (nr) => [nr * k.c.PAGES_PER_SECTION, (nr + 1) * k.c.PAGES_PER_SECTION] as const,
  );
  const recorded = joined(spans.flatMap(([start, end]) => [...recordedRuns(pages, start, end)]));
  const model = joined(spans.flatMap(([start, end]) => [...modelRuns(state, k, start, end)]));
  for (let i = 0; i < Math.max(recorded.length, model.length); i++) {
    tally.check('pages', `kernel/memmap.rle run ${i + 1}`, textOf(recorded[i]), textOf(model[i]));
  }
  tally.notCompared.add(
    'kernel/memmap.rle: what is reserved in boot memory is chance; kinds of pages in use',
  );
}
