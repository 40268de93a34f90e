import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import { Client } from '../client.ts';
import { packed, unpacked } from '../link.ts';
import type { ViewProps } from '../views/view-props.ts';
import type { ExploreAnswer } from '../worker/protocol.ts';
import { CodeEditor } from './code-editor.tsx';
import { TaskLine, useTask } from './task.tsx';

const FIRST = `// Two threads add 1 to x; each access to shared state is a step.
import { atEnd, explore, read, write } from 'mhp/explorer';

function* add() {
  const seen = yield read('x');
  yield write('x', seen + 1);
}

export default explore({
  name: 'mine',
  tables: { x: { 0: { v: 0 } } },
  threads: [
    { name: 'A', run: add },
    { name: 'B', run: add },
  ],
}).monitors(atEnd('x == 2', (end) => end.value('x') === 2));
`;

/** A program of one's own. Nothing of it runs before a person says so: a link alone runs nothing. */
export function ProgramPane({
  fields,
  set,
  onAnswer,
}: Pick<ViewProps, 'fields' | 'set'> & {
  readonly onAnswer: (answer: ExploreAnswer | null) => void;
}): ReactNode {
  // a worker of its own: a program that loops must not hold up what is shown
  const client = useMemo(() => new Client(), []);
  const task = useTask(client);
  const given = useMemo(() => (fields.code === undefined ? FIRST : unpacked(fields.code)), [fields.code]);
  const [code, setCode] = useState(given ?? FIRST);
  const [open, setOpen] = useState(fields.code !== undefined);
  const programs = useRef<Readonly<Record<string, string>>>({});
  const [names, setNames] = useState<readonly string[]>([]);
  useEffect(() => {
    if (!open) return;
    const load = async (): Promise<void> => {
      programs.current = (await import('virtual:programs')).default;
      setNames(Object.keys(programs.current));
    };
    void load();
  }, [open]);
  const run = async (): Promise<void> => {
    onAnswer(null);
    set({ code: packed(code), program: '', step: '' });
    const found = await task.ask('program', { code });
    if (found) onAnswer(found);
  };
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>A program of your own</summary>
      {open && (
        <>
          {given === null && (
            <p className="error" role="alert">
              The link is damaged: its program cannot be read.
            </p>
          )}
          <p>
            JavaScript, as examples/explorer and src/schedule/README.md describe it. It runs in a worker of
            this page that reaches no network.
          </p>
          <div className="bar-row">
            <button type="button" onClick={() => void run()}>
              Explore this program
            </button>
            <label>
              example{' '}
              <select value="" onChange={({ target }) => setCode(programs.current[target.value] ?? code)}>
                <option value="">choose</option>
                {names.map((name) => (
                  <option key={name} value={name}>
                    {name.replace(/^.*\//, '')}
                  </option>
                ))}
              </select>
            </label>
          </div>
          <CodeEditor text={code} label="program" onChange={setCode} />
          <TaskLine task={task} />
        </>
      )}
    </details>
  );
}
