import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import { Client } from '../client.ts';
import { numberIn, packed, unpacked } from '../link.ts';
import type { ViewProps } from '../views/view-props.ts';
import type { CheckAnswer } from '../worker/protocol.ts';
import { CodeEditor } from './code-editor.tsx';
import { StoryPane } from './story-pane.tsx';
import { TaskLine, useTask } from './task.tsx';

/** Milliseconds without a key before a design is checked again. */
const PAUSE = 700;

const FIRST = `// A release of your own: functions that replace those of a release.
import { defineRelease } from 'mhp';

export default defineRelease({
  name: 'mine',
  base: 'v6.12',
  about: 'v6.12, but no table is freed',
  'arch/arm64': () => ({
    *free_empty_tables() {},
  }),
});
`;

/** A design beside a story, checked as one types once it has been checked by hand: a link alone runs nothing. */
export function DesignPane({
  file,
  fields,
  set,
}: Pick<ViewProps, 'client' | 'fields' | 'set'> & { readonly file: string }): ReactNode {
  // a worker of its own: a design that loops must not hold up the story
  const client = useMemo(() => new Client(), []);
  const task = useTask(client);
  const { ask } = task;
  const [open, setOpen] = useState(fields.design !== undefined);
  const [code, setCode] = useState(() =>
    fields.design === undefined ? FIRST : (unpacked(fields.design) ?? FIRST),
  );
  const [live, setLive] = useState(false);
  const [answer, setAnswer] = useState<CheckAnswer | null>(null);
  const designs = useRef<Readonly<Record<string, string>>>({});
  const [names, setNames] = useState<readonly string[]>([]);
  useEffect(() => {
    if (!open) return;
    const load = async (): Promise<void> => {
      designs.current = (await import('virtual:designs')).default;
      setNames(Object.keys(designs.current));
    };
    void load();
  }, [open]);
  const check = async (): Promise<void> => {
    setLive(true);
    const found = await ask('design', { code, file });
    if (!found) return;
    setAnswer(found);
    set({ dstep: '' });
  };
  const latest = useRef(check);
  latest.current = check;
  useEffect(() => {
    if (!live) return;
    const timer = setTimeout(() => void latest.current(), PAUSE);
    return () => clearTimeout(timer);
  }, [code, live]);
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>A design of your own</summary>
      {open && (
        <>
          <p>
            JavaScript, as docs/designs.md describes it. It runs in a worker of this page that reaches no
            network. Nothing runs before you say so.
          </p>
          <div className="bar-row">
            <button type="button" onClick={() => void check()}>
              Check
            </button>
            <button type="button" onClick={() => set({ design: packed(code) })}>
              Put it into the link
            </button>
            <label>
              example{' '}
              <select value="" onChange={({ target }) => setCode(designs.current[target.value] ?? code)}>
                <option value="">choose</option>
                {names.map((name) => (
                  <option key={name}>{name}</option>
                ))}
              </select>
            </label>
          </div>
          <CodeEditor text={code} label="design" onChange={setCode} />
          <TaskLine task={task} />
          {answer && (
            <p>
              <span className={`verdict ${answer.verdict}`}>{answer.verdict}</span> on {answer.release}:{' '}
              {answer.failure ?? answer.reason ?? `${answer.states} states`}
            </p>
          )}
          {answer?.story && (
            <StoryPane
              story={answer.story}
              step={numberIn(fields.dstep, 0, 1_000_000) ?? answer.story.steps.length}
              onStep={(step) => set({ dstep: String(step) })}
              keys={false}
            />
          )}
          {answer?.text && <pre>{answer.text}</pre>}
        </>
      )}
    </details>
  );
}
