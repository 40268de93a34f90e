import { vaText } from '../../geometry/translation.ts';
import { target } from '../../hardware/descriptor/format.ts';
import type { Mmu } from '../../hardware/mmu.ts';
import { type EntryRun, entries, pointsToTable } from '../../hardware/walks/walk.ts';
import { humanSize } from '../text/human-size.ts';
import type { Band, Bands } from './bands.ts';

/** Lines beyond this are counted, not drawn. */
const MOST = 200;

const hex = (n: number): string => `0x${n.toString(16)}`;

function bandOf(m: Mmu, run: EntryRun): Band {
  const { t } = m;
  const table = pointsToTable(m, run);
  const pfn = target(t, run) / 2 ** t.page_shift;
  const last = run.depth === t.levels - 1;
  const what = table ? `${t.name[run.depth + 1]} table` : last ? 'page' : 'block';
  const many = run.n === 1 ? what : `${run.n} ${what}s`;
  return {
    depth: run.depth,
    label: `${t.name[run.depth]} ${vaText(run.start)}`,
    kind: table ? 'table' : last ? 'page' : 'block',
    text: `${many}, ${humanSize(run.end - run.start)}, pfn ${hex(pfn)}${run.n > 1 && run.stride === 0 ? ' all' : ''}`,
  };
}

/** Runs of leaves that differ from the one before only in their place are folded into it. */
function alike(a: Band | undefined, b: Band): boolean {
  const shape = ({ text }: Band): string => text.replace(/, pfn .*/, '');
  return (
    a !== undefined && a.depth === b.depth && a.kind === b.kind && b.kind !== 'table' && shape(a) === shape(b)
  );
}

/** The tree of page tables in a range of addresses; `to` 0 stands for 2^64. `fold`: leaves that are alike once. */
export function tableBands(m: Mmu, from: number, to: number, fold = true): Bands {
  const bands: Band[] = [];
  let more = 0;
  let folded = 0;
  let last: Band | undefined;
  const told = (): void => {
    if (folded > 0)
      bands.push({ depth: last!.depth, label: '…', kind: 'alike', text: `${folded} more alike` });
    folded = 0;
  };
  for (const run of entries(m, from, to)) {
    if (bands.length >= MOST) {
      more++;
      continue;
    }
    const band = bandOf(m, run);
    if (fold && alike(last, band)) folded++;
    else {
      told();
      bands.push(band);
      last = band;
    }
  }
  told();
  if (more > 0)
    bands.push({
      depth: 0,
      label: '…',
      kind: 'alike',
      text: `${more} more runs of entries`,
    });
  return {
    title: `page tables of ${m.t.arch}, ${humanSize(2 ** m.t.page_shift)} pages, ${m.t.levels} levels, root at ${hex(m.root)}`,
    bands,
    legend: [],
  };
}
