import { memo, type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { StoryData } from '../../../src/report/data/story-data.ts';
import { changeOf, drawnRows, StateAt, writerOf } from '../../../src/report/data/story-view.ts';
import { statePanels } from '../../../src/report/page/state-panel.ts';
import { storyTable, whyList } from '../../../src/report/page/story-table.ts';
import { toReact } from '../element.tsx';
import type { Fields } from '../link.ts';

/** One value of the state that a person has picked. */
interface Picked {
  readonly group: string;
  readonly key: string;
}

interface Props {
  readonly story: StoryData;
  readonly step: number;
  readonly onStep: (step: number) => void;
  /** Whether it hears the keys of the page. */
  readonly keys?: boolean;
  /** What is followed and unfolded, where that is in the link. */
  readonly fields?: Fields;
  readonly set?: (changes: Fields) => void;
}

/** Fields of the link, or of this pane alone. */
function useFields({ fields, set }: Pick<Props, 'fields' | 'set'>): [Fields, (changes: Fields) => void] {
  const [own, setOwn] = useState<Fields>({});
  const change = useCallback((changes: Fields) => setOwn((now) => ({ ...now, ...changes })), []);
  return [fields ?? own, set ?? change];
}

/** "entries|0x40000ff8" */
function pickedOf(text: string | undefined): Picked | null {
  const at = text?.indexOf('|') ?? -1;
  return at < 1 ? null : { group: text!.slice(0, at), key: text!.slice(at + 1) };
}

/** Indices of rows: "3,7". */
const rowsOf = (text: string | undefined): ReadonlySet<number> =>
  new Set(
    (text ?? '')
      .split(',')
      .filter((one) => /^\d{1,6}$/.test(one))
      .map(Number),
  );

/** The table does not change from step to step: only which row is marked does. */
const Table = memo(function Table({
  story,
  unfolded,
}: {
  readonly story: StoryData;
  readonly unfolded: ReadonlySet<number>;
}) {
  return toReact(storyTable(story, { unfolded }));
});

const Why = memo(function Why({ story }: { readonly story: StoryData }) {
  return toReact(whyList(story));
});

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.isContentEditable);

/** A story: its columns, the state at a step, and ways to move. */
export function StoryPane({ story, step, onStep, keys = true, ...linked }: Props): ReactNode {
  const [{ follow, unfold: opened }, set] = useFields(linked);
  const unfolded = useMemo(() => rowsOf(opened), [opened]);
  const picked = useMemo(() => pickedOf(follow), [follow]);
  const setPicked = useCallback(
    (one: Picked | null) => set({ follow: one ? `${one.group}|${one.key}` : '' }),
    [set],
  );
  const box = useRef<HTMLDivElement>(null);
  const shown = useRef<number | null>(null);
  const last = story.steps.length;
  const at = Math.max(0, Math.min(step, last));
  const states = useMemo(() => new StateAt(story), [story]);
  const panels = useMemo(
    () => statePanels(story, states.after(at), at === 0 ? {} : story.steps[at - 1]!.delta),
    [story, states, at],
  );
  useEffect(() => {
    const rows = box.current?.querySelectorAll<HTMLElement>('tr[data-step]') ?? [];
    let found: HTMLElement | undefined;
    for (const row of rows) {
      const here = Number(row.dataset.first) <= at && at <= Number(row.dataset.step);
      row.classList.toggle('at', false);
      if (here && (!found || row.classList.contains('one'))) found = row;
    }
    found?.classList.add('at');
    // the page stays at its top when it is opened
    if (shown.current !== null && shown.current !== at) found?.scrollIntoView({ block: 'nearest' });
    shown.current = at;
  });
  const toChange = useCallback(
    (direction: 1 | -1) => {
      if (!picked) return;
      const next = changeOf(story, picked.group, picked.key, at, direction);
      if (next !== undefined) onStep(next);
    },
    [picked, story, at, onStep],
  );
  const unfold = useCallback(() => {
    const index = drawnRows(story).findIndex(
      ({ kind, first, last: end }) => kind === 'steps' && first <= at && at <= end,
    );
    if (index < 0) return;
    const now = unfolded.has(index) ? [...unfolded].filter((one) => one !== index) : [...unfolded, index];
    set({ unfold: now.join() });
  }, [story, at, unfolded, set]);
  useEffect(() => {
    if (!keys) return;
    const press = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const act: Readonly<Record<string, () => void>> = {
        j: () => onStep(Math.min(last, at + 1)),
        k: () => onStep(Math.max(0, at - 1)),
        Home: () => onStep(0),
        End: () => onStep(last),
        n: () => toChange(1),
        p: () => toChange(-1),
        x: unfold,
      };
      if (!Object.hasOwn(act, event.key)) return;
      event.preventDefault();
      act[event.key]!();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, [keys, at, last, onStep, toChange, unfold]);
  const click = (target: EventTarget): void => {
    const element = target as HTMLElement;
    const link = element.closest<HTMLElement>('a[data-step]');
    const row = element.closest<HTMLElement>('tr[data-step]');
    const value = element.closest<HTMLElement>('tr[data-key]');
    if (link) onStep(Number(link.dataset.step));
    else if (row) onStep(Number(row.dataset.step));
    else if (value) setPicked({ group: value.dataset.group!, key: value.dataset.key! });
  };
  const now = story.steps[at - 1];
  const writer = picked && writerOf(story, picked.group, picked.key, at);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: rows and values are also reached by buttons and keys
    // biome-ignore lint/a11y/useKeyWithClickEvents: see above
    <div
      ref={box}
      onClick={(event) => {
        if ((event.target as HTMLElement).closest('a[data-step]')) event.preventDefault();
        click(event.target);
      }}
    >
      <nav className="steps" aria-label={keys ? 'steps' : 'steps of the other story'}>
        <button type="button" onClick={() => onStep(0)} aria-label="to the beginning (Home)">
          |◀
        </button>
        <button type="button" onClick={() => onStep(Math.max(0, at - 1))} aria-label="one step back (k)">
          ◀
        </button>
        <input
          type="range"
          min={0}
          max={last}
          value={at}
          aria-label="step"
          onChange={(event) => onStep(Number(event.target.value))}
        />
        <button type="button" onClick={() => onStep(Math.min(last, at + 1))} aria-label="one step on (j)">
          ▶
        </button>
        <button type="button" onClick={() => onStep(last)} aria-label="to the end (End)">
          ▶|
        </button>
        <button type="button" onClick={unfold} aria-label="unfold or fold the row (x)">
          unfold
        </button>
        <span>
          step {at} of {last}
          {now ? `: ${now.thread}: ${now.text}` : ''}
        </span>
      </nav>
      {picked && (
        <p className="bar-row" aria-live="polite">
          <code>{picked.key}</code>
          {writer === 0 ? (
            <span>has been so from the beginning</span>
          ) : (
            <button type="button" onClick={() => onStep(writer!)}>
              written in step {writer} by {story.steps[writer! - 1]!.thread}
            </button>
          )}
          <button type="button" onClick={() => toChange(-1)} aria-label="the change before (p)">
            ◀ change
          </button>
          <button type="button" onClick={() => toChange(1)} aria-label="the next change (n)">
            change ▶
          </button>
          <button type="button" onClick={() => setPicked(null)}>
            close
          </button>
        </p>
      )}
      <div className="cols">
        <section
          className="scroll"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keys
          tabIndex={0}
          aria-label={keys ? 'the story, step by step' : 'the other story, step by step'}
        >
          <Table story={story} unfolded={unfolded} />
        </section>
        <aside
          aria-label={`${keys ? 'state' : 'state of the other story'} after step ${at}`}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keys
          tabIndex={0}
        >
          <section className="panel">
            <h2>Why</h2>
            <Why story={story} />
          </section>
          <PickList story={story} picked={picked} onPick={setPicked} />
          {toReact(panels)}
        </aside>
      </div>
    </div>
  );
}

/** Every value that the story changes, so that one can be picked without a mouse; in long stories they are thousands. */
const PickList = memo(function PickList({
  story,
  picked,
  onPick,
}: {
  readonly story: StoryData;
  readonly picked: Picked | null;
  readonly onPick: (picked: Picked | null) => void;
}): ReactNode {
  const names = useMemo(() => {
    const found = new Set<string>();
    for (const { delta } of story.steps)
      for (const [group, changes] of Object.entries(delta))
        for (const key of Object.keys(changes)) found.add(`${group}|${key}`);
    return [...found].sort();
  }, [story]);
  return (
    <label>
      follow{' '}
      <select
        aria-label="follow a value"
        value={picked ? `${picked.group}|${picked.key}` : ''}
        onChange={({ target }) => {
          onPick(pickedOf(target.value));
        }}
      >
        <option value="">a value through the story</option>
        {names.map((name) => (
          <option key={name} value={name}>
            {name.replace('|', ': ')}
          </option>
        ))}
      </select>
    </label>
  );
});
