import heads from 'virtual:heads';
import { type ReactNode, useMemo, useState } from 'react';
import { isVerdict } from '../../../src/check/checked.ts';
import { type Cell, matrix } from '../../../src/report/page/matrix.ts';
import { toReact } from '../element.tsx';
import { hashOf } from '../link.ts';
import { TaskLine, useTask } from '../parts/task.tsx';
import type { CatalogueCell } from '../worker/protocol.ts';
import { CopyLink } from './story-view.tsx';
import type { ViewProps } from './view-props.ts';

/** Entries by releases: what each entry says, what the model finds here, or the records of a campaign. */

const SAID: readonly Cell[] = heads.flatMap(({ id, release, fixed, fails }) => [
  {
    row: id,
    column: release,
    verdict: fails ? ('found' as const) : ('clean' as const),
    text: 'as the entry says',
  },
  ...fixed.map((name) => ({ row: id, column: name, verdict: 'clean' as const, text: 'as the entry says' })),
]);
const TITLES = new Map(heads.map(({ id, title }) => [id, title]));
const MOST_BYTES = 64 * 2 ** 20;

/** The cells of a file of `mhp campaign --out`; lines that are something else are counted. */
export function campaignCellsOf(text: string): { readonly cells: Cell[]; readonly other: number } {
  const cells: Cell[] = [];
  let other = 0;
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    try {
      const one = JSON.parse(line) as Readonly<Record<string, unknown>>;
      const { kind, entry, release, verdict, va_bits, page_size } = one;
      if (kind === 'run' && typeof entry === 'string' && typeof release === 'string' && isVerdict(verdict)) {
        const place =
          typeof va_bits === 'number' && typeof page_size === 'number'
            ? `${page_size / 1024}K/${va_bits}: `
            : '';
        const said = one.failure_text ?? one.reason ?? '';
        cells.push({ row: entry, column: release, verdict, text: `${place}${String(said).slice(0, 200)}` });
      } else other++;
    } catch {
      other++;
    }
  }
  return { cells, other };
}

const storyOf = (id: string, release: string): string => hashOf({ view: 'story', fields: { id, release } });

export function CatalogueView({ fields, set, client }: ViewProps): ReactNode {
  const task = useTask(client);
  const [found, setFound] = useState<readonly CatalogueCell[]>([]);
  const [campaign, setCampaign] = useState<readonly Cell[] | null>(null);
  const [note, setNote] = useState('');
  const words = (fields.find ?? '').toLowerCase();
  const only = fields.verdict ?? '';
  const run = async (): Promise<void> => {
    setFound([]);
    setCampaign(null);
    const part = (cell: CatalogueCell): void => setFound((now) => [...now, cell]);
    await task.ask('catalogue', { files: heads.map(({ file }) => file) }, { part });
  };
  const open = async (file: File | undefined): Promise<void> => {
    if (!file) return;
    if (file.size > MOST_BYTES) {
      task.fail(`${file.name}: has ${file.size} bytes; the lab reads at most ${MOST_BYTES}`);
      return;
    }
    const { cells, other } = campaignCellsOf(await file.text());
    if (cells.length === 0)
      task.fail(`${file.name}: has no record of a campaign: mhp campaign --out writes them`);
    else setCampaign(cells);
    setNote(`${cells.length} runs, ${other} other lines`);
  };
  const cells = useMemo(() => {
    const all: readonly Cell[] =
      campaign ??
      (found.length > 0
        ? found.map(({ id, release, verdict, text }) => ({ row: id, column: release, verdict, text }))
        : SAID);
    return all.filter(
      ({ row, column, verdict, text }) =>
        (only === '' || verdict === only) &&
        (words === '' || `${row} ${column} ${TITLES.get(row) ?? ''} ${text}`.toLowerCase().includes(words)),
    );
  }, [campaign, found, only, words]);
  const table = useMemo(() => toReact(matrix(cells, TITLES, storyOf)), [cells]);
  const wrong = found.filter(({ verdict, expected }) => expected !== null && verdict !== expected);
  return (
    <>
      <div className="bar-row">
        <label>
          find{' '}
          <input
            type="search"
            value={fields.find ?? ''}
            onChange={({ target }) => set({ find: target.value.slice(0, 100) })}
          />
        </label>
        <label>
          verdict{' '}
          <select value={only} onChange={({ target }) => set({ verdict: target.value })}>
            <option value="">all</option>
            <option>found</option>
            <option>other</option>
            <option>clean</option>
            <option>undecided</option>
            <option>n/a</option>
          </select>
        </label>
        <button type="button" onClick={() => void run()}>
          Check all {heads.length} entries here
        </button>
        <label>
          or open the file of a campaign{' '}
          <input type="file" onChange={({ target }) => void open(target.files?.[0])} />
        </label>
        <CopyLink />
      </div>
      <TaskLine task={task} />
      <p aria-live="polite">
        {campaign
          ? note
          : found.length > 0
            ? `${found.length} runs, ${wrong.length} not as expected`
            : 'What the entries say; nothing has been checked here yet.'}
      </p>
      {wrong.map(({ id, release, verdict, expected }) => (
        <p key={`${id} ${release}`} className="bad">
          {id} on {release}: {verdict}, {expected} was expected
        </p>
      ))}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keys */}
      <div className="scroll" tabIndex={0}>
        {table}
      </div>
    </>
  );
}
