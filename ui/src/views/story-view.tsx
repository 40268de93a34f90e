import heads from 'virtual:heads';
import { type ReactNode, useCallback, useEffect, useRef, useState } from 'react';
import { geometryText } from '../../../src/check/variation.ts';
import { PAGE_SIZES, VA_BITS } from '../../../src/geometry/sizes.ts';
import { settleAddress } from '../address.ts';
import { type Fields, numberIn } from '../link.ts';
import { DesignPane } from '../parts/design-pane.tsx';
import { placeInRun, RunPane } from '../parts/run-pane.tsx';
import { StoryPane } from '../parts/story-pane.tsx';
import { TaskLine, useTask } from '../parts/task.tsx';
import type { CheckAnswer } from '../worker/protocol.ts';
import type { ViewProps } from './view-props.ts';

/** A story: an entry on a release, which can be checked on others, in other geometries, and beside another one. */

const SHAPES = PAGE_SIZES.arm64.flatMap((pageSize) =>
  VA_BITS.arm64[pageSize]!.map((vaBits) => ({ page_size: pageSize, va_bits: vaBits })),
);
const SERIES = ['arm64-v5', 'arm64-v6', 'option-1', 'option-2', 'option-3', 'option-4'] as const;
const MAINLINE = ['v5.2', 'v5.7', 'v5.10', 'v5.15', 'v6.1', 'v6.6', 'v6.12', 'v6.18', 'v7.2'] as const;
const MARKS = { found: '✗', other: '≠', clean: '✓', undecided: '?', 'n/a': 'n/a', stopped: '!' } as const;
const MOST_STEP = 10_000_000;

/** Another story begins at its end, with nothing followed. */
const FRESH: Fields = { token: '', step: '', compare: '', block: '', follow: '', unfold: '' };

function Verdict({ answer }: { readonly answer: CheckAnswer }): ReactNode {
  return (
    <p>
      <span className={`verdict ${answer.verdict}`}>
        {MARKS[answer.verdict]} {answer.verdict}
      </span>{' '}
      on {answer.release}
      {answer.failure ? `: ${answer.failure}` : ''}
      {answer.reason ? `: ${answer.reason}` : ''}
      {answer.states > 0 && <span className="soft"> {answer.states} states seen</span>}
    </p>
  );
}

function Told({
  answer,
  fields,
  set,
  keys,
}: {
  readonly answer: CheckAnswer;
  readonly fields: Fields;
  readonly set: (changes: Fields) => void;
  readonly keys: boolean;
}): ReactNode {
  const { story, run } = answer;
  return (
    <div>
      <Verdict answer={answer} />
      {story && (
        <StoryPane
          story={story}
          step={numberIn(fields.step, 0, MOST_STEP) ?? story.steps.length}
          onStep={(step) => set({ step: String(step) })}
          keys={keys}
          {...(keys ? { fields, set } : {})}
        />
      )}
      {run && <RunPane run={run} {...placeInRun(run, fields, set)} />}
      {answer.text !== null && <pre>{answer.text}</pre>}
      {!story && !run && answer.text === null && (
        <p className="soft">There is no execution to show: the failure does not occur here.</p>
      )}
    </div>
  );
}

export function StoryView({ fields, set, client }: ViewProps): ReactNode {
  const task = useTask(client);
  const { ask, fail } = task;
  const [answer, setAnswer] = useState<CheckAnswer | null>(null);
  const [beside, setBeside] = useState<CheckAnswer | null>(null);
  const [verdicts, setVerdicts] = useState<Readonly<Record<string, CheckAnswer['verdict']>>>({});
  const asked = useRef('');
  const head = heads.find(({ id }) => id === (fields.id ?? 'B14'));
  const { token } = fields;
  const shape = SHAPES.find((one) => geometryText(one) === fields.geometry) ?? null;
  const release = fields.release ?? null;
  const other = fields.beside ?? '';
  const known = useCallback(
    (one: CheckAnswer) => setVerdicts((now) => ({ ...now, [one.release]: one.verdict })),
    [],
  );
  useEffect(() => {
    const key = JSON.stringify([head?.id, token, release, shape, other]);
    if (asked.current === key) return;
    asked.current = key;
    setAnswer(null);
    setBeside(null);
    const work = async (): Promise<void> => {
      if (token) {
        const found = await ask('token', { token });
        if (found) setAnswer(found);
        return;
      }
      if (!head) {
        fail(`${(fields.id ?? '').slice(0, 60)} is not an entry of the catalogue`);
        return;
      }
      const of = { source: { file: head.file }, geometry: shape, layout: null };
      const found = await ask('check', { ...of, release });
      if (!found) return;
      setAnswer(found);
      known(found);
      if (other === '') return;
      const second = await ask('check', { ...of, release: other });
      if (!second) return;
      setBeside(second);
      known(second);
    };
    void work();
  }, [head, token, release, shape, other, ask, fail, known, fields.id]);
  const releases = head
    ? [...new Set([head.release, ...head.fixed, ...(head.arch === 'arm64' ? SERIES : []), ...MAINLINE])]
    : [];
  const checkAll = async (): Promise<void> => {
    if (!head) return;
    for (const name of releases) {
      const found = await ask('check', {
        source: { file: head.file },
        geometry: shape,
        layout: null,
        release: name,
      });
      if (!found) return;
      known(found);
    }
  };
  const chosen = answer?.release ?? release ?? head?.release;
  return (
    <>
      <div className="bar-row">
        <label>
          entry{' '}
          <select
            value={head?.id ?? ''}
            onChange={({ target }) => {
              setVerdicts({});
              set({ id: target.value, release: '', beside: '', geometry: '', ...FRESH }, true);
            }}
          >
            {!head && <option value="">?</option>}
            {heads.map(({ id, title }) => (
              <option key={id} value={id}>
                {id} {title}
              </option>
            ))}
          </select>
        </label>
        {head?.arch === 'arm64' && head.kind !== 'memmap' && (
          <label>
            geometry{' '}
            <select
              value={fields.geometry ?? ''}
              onChange={({ target }) => {
                setVerdicts({});
                set({ geometry: target.value, ...FRESH }, true);
              }}
            >
              <option value="">of the entry</option>
              {SHAPES.map(geometryText).map((text) => (
                <option key={text}>{text}</option>
              ))}
            </select>
          </label>
        )}
        <label>
          beside it{' '}
          <select value={other} onChange={({ target }) => set({ beside: target.value }, true)}>
            <option value="">nothing</option>
            {releases.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <CopyLink />
      </div>
      {head && (
        <p>
          <strong>{head.id}</strong> {head.title}
          {head.why && <span className="soft"> — {head.why}</span>}
        </p>
      )}
      <fieldset className="bar-row" aria-label="releases">
        on
        {releases.map((name) => {
          const verdict = verdicts[name];
          return (
            <button
              key={name}
              type="button"
              className="chip"
              aria-pressed={name === chosen && !token}
              onClick={() => set({ release: name, ...FRESH }, true)}
            >
              {name}
              {verdict ? ` ${MARKS[verdict]} ${verdict}` : ''}
            </button>
          );
        })}
        <button type="button" onClick={() => void checkAll()}>
          check all of them
        </button>
      </fieldset>
      <TaskLine task={task} />
      <div className={beside ? 'pair' : undefined}>
        {answer && <Told answer={answer} fields={fields} set={set} keys />}
        {beside && <Told answer={beside} fields={fields} set={set} keys={false} />}
      </div>
      {head && head.kind !== 'memmap' && (
        <DesignPane file={head.file} client={client} fields={fields} set={set} />
      )}
      <p className="soft">
        Keys: j and k one step on and back, Home and End, x unfolds a row, n and p go to the next and last
        change of the value that you follow.
      </p>
    </>
  );
}

export function CopyLink(): ReactNode {
  const [done, setDone] = useState('');
  const copy = async (): Promise<void> => {
    settleAddress();
    try {
      await navigator.clipboard.writeText(location.href);
      setDone('copied');
    } catch {
      setDone('the address bar has the link');
    }
  };
  return (
    <>
      <button type="button" onClick={() => void copy()}>
        Copy link
      </button>
      <span aria-live="polite">{done}</span>
    </>
  );
}
