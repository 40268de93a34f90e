import { type ReactNode, useCallback, useMemo, useState } from 'react';
import type { RunData } from '../../../src/report/data/run-data.ts';
import { Client, Refused } from '../client.ts';
import { numberIn, packed, unpacked } from '../link.ts';
import { CodeEditor } from '../parts/code-editor.tsx';
import { placeInRun, RunPane } from '../parts/run-pane.tsx';
import { StoryPane } from '../parts/story-pane.tsx';
import { TaskLine, useTask } from '../parts/task.tsx';
import type { CheckAnswer } from '../worker/protocol.ts';
import { CopyLink } from './story-view.tsx';
import type { ViewProps } from './view-props.ts';

/** A scenario of one's own: written, checked by the model's reader, run, and put into a link. */

const FIRST = `title: a DIMM is plugged and brought online
release: v6.1
machine:
  arch: x86_64
  ram:
    - { start: 0, size: 2G }
  nodes:
    - { node: 0, cpus: '0' }
steps:
  - device_add: { id: dimm1, start: 5G, size: 256M, node: 0 }
  - online_movable: { blocks: 40..41 }
  - device_del: dimm1
`;

/** The line of an error of the reader: "scenario.yaml: line 7 steps[1]: …". */
const lineOf = (message: string): number | null => {
  const found = /\bline (\d{1,6})\b/.exec(message);
  return found ? Number(found[1]) : null;
};

export function EditorView({ fields, set, client }: ViewProps): ReactNode {
  const task = useTask(client);
  const given = useMemo(() => (fields.text === undefined ? FIRST : unpacked(fields.text)), [fields.text]);
  const [text, setText] = useState(given ?? FIRST);
  const [run, setRun] = useState<RunData | null>(null);
  const [answer, setAnswer] = useState<CheckAnswer | null>(null);
  const linting = useMemo(() => new Client(), []);
  const lint = useCallback(
    async (now: string) => {
      try {
        await linting.ask('read', { text: now });
        return null;
      } catch (wrong) {
        return wrong instanceof Refused ? { line: lineOf(wrong.message), message: wrong.message } : null;
      }
    },
    [linting],
  );
  const go = async (): Promise<void> => {
    setRun(null);
    setAnswer(null);
    set({ step: '', compare: '', block: '', follow: '', unfold: '' });
    const what = await task.ask('read', { text });
    if (!what) return;
    const source = { file: 'scenario.yaml', text };
    if (what.kind === 'steps') {
      const found = await task.ask('run', { source, release: null });
      if (found) setRun(found);
      return;
    }
    const found = await task.ask('check', { source, release: null, geometry: null, layout: null });
    if (found) setAnswer(found);
  };
  return (
    <>
      {given === null && (
        <p className="error" role="alert">
          The link is damaged: its scenario cannot be read.
        </p>
      )}
      <div className="bar-row">
        <button type="button" onClick={() => void go()}>
          Run
        </button>
        <button type="button" onClick={() => set({ text: packed(text) })}>
          Put it into the link
        </button>
        <CopyLink />
        <span className="soft">Ctrl-Space completes keys. docs/scenarios.md describes the format.</span>
      </div>
      <CodeEditor text={text} label="scenario" onChange={setText} lint={lint} yaml />
      <TaskLine task={task} />
      {run && <RunPane run={run} {...placeInRun(run, fields, set)} />}
      {answer && (
        <p>
          <span className={`verdict ${answer.verdict}`}>{answer.verdict}</span> on {answer.release}:{' '}
          {answer.failure ?? answer.reason ?? `${answer.states} states`}
        </p>
      )}
      {answer?.story && (
        <StoryPane
          story={answer.story}
          step={numberIn(fields.step, 0, 1_000_000) ?? answer.story.steps.length}
          onStep={(step) => set({ step: String(step) })}
          fields={fields}
          set={set}
        />
      )}
      {answer?.text && <pre>{answer.text}</pre>}
    </>
  );
}
