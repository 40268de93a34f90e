import { memo, type ReactNode, useMemo } from 'react';
import type { Snapshot } from '../../../src/report/data/delta.ts';
import type { RunData } from '../../../src/report/data/run-data.ts';
import { mapOf, type PagesValue, snapshotsOf } from '../../../src/report/data/run-view.ts';
import { bandsDrawing } from '../../../src/report/drawing/bands.ts';
import type { MapBlock, MapData } from '../../../src/report/drawing/block-map.ts';
import { blockMap } from '../../../src/report/drawing/block-svg.ts';
import { pageBands } from '../../../src/report/drawing/page-bands.ts';
import { iomemList, zonesDrawing, zonesTable } from '../../../src/report/page/run-page.ts';
import { humanSize } from '../../../src/report/text/human-size.ts';
import type { PageKind } from '../../../src/scenarios/pages/page-runs.ts';
import { toReact } from '../element.tsx';
import { type Fields, numberIn } from '../link.ts';
import { CanvasMap } from './canvas-map.tsx';

interface Props {
  readonly run: RunData;
  /** 0: before the first. */
  readonly step: number;
  /** The step that the map is compared with. */
  readonly compare: number;
  /** The block that is shown from near. */
  readonly block: number | null;
  readonly onStep: (step: number) => void;
  readonly onCompare: (step: number) => void;
  readonly onBlock: (block: number | null) => void;
}

const MOST = 10_000_000;

/** The place in a run that the fields of a link name, and ways to change them. */
export function placeInRun(run: RunData, fields: Fields, set: (changes: Fields) => void): Omit<Props, 'run'> {
  const last = run.steps.length;
  const step = Math.min(numberIn(fields.step, 0, MOST) ?? last, last);
  return {
    step,
    compare: numberIn(fields.compare, 0, MOST) ?? Math.max(0, step - 1),
    block: numberIn(fields.block, 0, MOST) ?? null,
    onStep: (to) => set({ step: String(to) }),
    onCompare: (to) => set({ compare: String(to) }),
    onBlock: (to) => set({ block: to === null ? '' : String(to) }),
  };
}

/** More blocks are drawn as pixels. */
const MANY = 2048;

const BlockMap = memo(function BlockMap({ map }: { readonly map: MapData }) {
  return toReact(blockMap(map, `${map.blocks.length} memory blocks`));
});

/** A machine, step by step: blocks, zones, /proc/iomem, and the pages of a block. */
export function RunPane({ run, step, compare, block, onStep, onCompare, onBlock }: Props): ReactNode {
  const snapshots = useMemo(() => snapshotsOf(run), [run]);
  const at = Math.min(step, run.steps.length);
  const than = Math.min(compare, run.steps.length);
  const now = snapshots[at]!;
  const map = useMemo(
    () => mapOf(run.block_size, now, than === at ? undefined : snapshots[than], run.steps[at - 1]),
    [run, now, at, than, snapshots],
  );
  const chosen = map.blocks.find(({ id }) => id === block);
  const done = run.steps[at - 1];
  return (
    <div className="map-cols">
      <div>
        <label>
          step{' '}
          <input
            type="range"
            min={0}
            max={run.steps.length}
            value={at}
            onChange={({ target }) => onStep(Number(target.value))}
          />
        </label>
        <label>
          compared with{' '}
          <select value={than} onChange={({ target }) => onCompare(Number(target.value))}>
            {snapshots.map((_, i) => (
              <option key={i} value={i}>
                {i === 0 ? 'boot' : `step ${i}`}
              </option>
            ))}
          </select>
        </label>
        <ol className="runs" start={0}>
          <li aria-current={at === 0 ? 'step' : undefined}>
            <button type="button" onClick={() => onStep(0)}>
              boot
            </button>
          </li>
          {run.steps.map((one) => (
            <li key={one.step} aria-current={at === one.step ? 'step' : undefined}>
              <button type="button" onClick={() => onStep(one.step)}>
                {one.operation}
              </button>{' '}
              <strong className={one.result === 'success' ? 'good' : 'bad'}>{one.result}</strong>
            </li>
          ))}
        </ol>
      </div>
      <div>
        {run.notes.map((note) => (
          <p key={note} className="soft">
            {note}
          </p>
        ))}
        {map.blocks.length > MANY ? (
          <CanvasMap map={map} onBlock={onBlock} />
        ) : (
          // biome-ignore lint/a11y/noStaticElementInteractions: a block is also chosen in the list below
          // biome-ignore lint/a11y/useKeyWithClickEvents: see above
          <div
            className="scroll"
            onClick={({ target }) => {
              const cell = (target as Element).closest<SVGElement>('[data-block]');
              if (cell) onBlock(Number(cell.dataset.block));
            }}
          >
            <BlockMap map={map} />
          </div>
        )}
        <label>
          block{' '}
          <input
            type="number"
            min={0}
            value={block ?? ''}
            onChange={({ target }) => onBlock(target.value === '' ? null : Number(target.value))}
          />
        </label>
        {block !== null &&
          (chosen ? <Block run={run} block={chosen} now={now} /> : <p>There is no memory{block}.</p>)}
        {done && (
          <section className="box" aria-live="polite">
            <h2>
              {done.step}. <code>{done.operation}</code> {done.result}
            </h2>
            {done.changes.map((change) => (
              <p key={change}>{change}</p>
            ))}
            {done.holders.map(({ block: of, why, pages }) => (
              <p key={`${of} ${why}`} className="bad">
                memory{of} stays: {pages ? `pfn 0x${pages.pfn.toString(16)}, ${pages.kind}: ` : ''}
                {why}
              </p>
            ))}
            {done.failures.map(({ kind, text }) => (
              <p key={text} className="bad">
                {kind}: {text}
              </p>
            ))}
            {done.messages.length > 0 && <pre>{done.messages.map(({ text }) => text).join('\n')}</pre>}
          </section>
        )}
        <section className="panel">
          <h2>Zones: span against present</h2>
          {toReact(zonesDrawing(now, run.page_size))}
          {toReact(zonesTable(now, run.page_size))}
        </section>
        {Object.keys(now.other ?? {}).length > 0 && (
          <section className="panel">
            <h2>Pools and losses</h2>
            {Object.entries(now.other!).map(([name, text]) => (
              <p key={name}>
                {name}: {String(text)}
              </p>
            ))}
          </section>
        )}
        <details>
          <summary>/proc/iomem</summary>
          {toReact(iomemList(now))}
        </details>
      </div>
    </div>
  );
}

/** A block from near: runs of its struct pages by kind, on a scale of sub-sections. */
function Block({
  run,
  block,
  now,
}: {
  readonly run: RunData;
  readonly block: MapBlock;
  readonly now: Snapshot;
}): ReactNode {
  const first = block.start / run.page_size;
  const end = first + run.block_size / run.page_size;
  const runs = Object.entries(now.pages ?? {}).flatMap(([name, value]) => {
    const pfn = Number(name);
    const { nr_pages, kind, zone, flags, nid } = value as PagesValue;
    const [from, to] = [Math.max(pfn, first), Math.min(pfn + nr_pages, end)];
    return to > from ? [{ from, to, kind, zone, flags, nid }] : [];
  });
  const bands = pageBands(
    runs.map(({ from, to, ...run }) => ({
      ...run,
      kind: run.kind as PageKind,
      pfn: from,
      nr_pages: to - from,
      owner: null,
    })),
    run.page_size,
  );
  return (
    <section className="panel">
      <h2>
        memory{block.id}: 0x{block.start.toString(16)}, {block.state}
        {block.zone ? `, ${block.zone}` : ''}, {block.node < 0 ? 'no node' : `node ${block.node}`}
      </h2>
      {block.stays && <p className="bad">It stays: {block.stays}</p>}
      {runs.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keys
        <div className="scroll" tabIndex={0}>
          {toReact(bandsDrawing(bands))}
        </div>
      )}
      <table className="state">
        <thead>
          <tr>
            <th scope="col">pfn</th>
            <th scope="col">sub-sections</th>
            <th scope="col">size</th>
            <th scope="col">kind</th>
            <th scope="col">zone, flags</th>
          </tr>
        </thead>
        <tbody>
          {runs.map(({ from, to, kind, zone, flags }) => (
            <tr key={from}>
              <td>
                <code>0x{from.toString(16)}</code>
              </td>
              <td>
                {Math.floor(((from - first) * run.page_size) / run.subsection_size)}–
                {Math.floor(((to - 1 - first) * run.page_size) / run.subsection_size)}
              </td>
              <td>{humanSize((to - from) * run.page_size)}</td>
              <td>{kind}</td>
              <td>{[zone ?? '', ...flags].filter(Boolean).join(', ')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
