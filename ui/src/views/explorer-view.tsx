import { type ReactNode, useCallback, useEffect, useRef, useState } from 'react';
import { numberIn } from '../link.ts';
import { GraphPane } from '../parts/graph-pane.tsx';
import { ProgramPane } from '../parts/program-pane.tsx';
import { StoryPane } from '../parts/story-pane.tsx';
import { TaskLine, useTask } from '../parts/task.tsx';
import type { ExploreAnswer } from '../worker/protocol.ts';
import { CopyLink } from './story-view.tsx';
import type { ViewProps } from './view-props.ts';

/** Programs of the explorer, built in or one's own: every interleaving of a small one, the shortest story of a failure, and its states as a graph. */

const PROGRAMS = [
  'racers(2, 1)',
  'philosophers(2)',
  'philosophers(3)',
  'SB',
  'MP',
  'hotrm(4)',
  'readers(2)',
  'lastzero(2)',
  'casrot(3)',
  'increments(3)',
  'fib_bench(2)',
] as const;

export function ExplorerView({ fields, set, client }: ViewProps): ReactNode {
  const task = useTask(client);
  const [answer, setAnswer] = useState<ExploreAnswer | null>(null);
  const program = (fields.program ?? PROGRAMS[0]).slice(0, 80);
  const { ask } = task;
  const run = useCallback(
    async (name: string): Promise<void> => {
      setAnswer(null);
      const found = await ask('explore', { program: name });
      if (found) setAnswer(found);
    },
    [ask],
  );
  // a link with a built-in program shows what the person saw who made it; a program of one's own waits for a click
  const linked = useRef(fields.program);
  useEffect(() => {
    if (linked.current !== undefined) void run(linked.current.slice(0, 80));
    linked.current = undefined;
  }, [run]);
  const last = answer?.story?.steps.length ?? 0;
  return (
    <>
      <form
        className="bar-row"
        onSubmit={(event) => {
          event.preventDefault();
          set({ program, code: '', step: '' });
          void run(program);
        }}
      >
        <label>
          program{' '}
          <input
            list="programs"
            value={fields.program ?? PROGRAMS[0]}
            onChange={({ target }) => set({ program: target.value, step: '' })}
          />
        </label>
        <datalist id="programs">
          {PROGRAMS.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        <button type="submit">Explore</button>
        <CopyLink />
        <span className="soft">Scenarios with threads of your own: in the view Scenario.</span>
      </form>
      <TaskLine task={task} />
      <ProgramPane fields={fields} set={set} onAnswer={setAnswer} />
      {answer && (
        <p>
          <strong>{answer.program}</strong>: {answer.verdict}, {answer.counts}
          {answer.violation && <span className="bad"> {answer.violation}</span>}
        </p>
      )}
      {answer?.story && (
        <StoryPane
          story={answer.story}
          step={numberIn(fields.step, 0, 1_000_000) ?? last}
          onStep={(step) => set({ step: String(step) })}
          fields={fields}
          set={set}
        />
      )}
      {answer &&
        (answer.graph ? (
          <GraphPane graph={answer.graph} />
        ) : (
          <p className="soft">It has more states than can be drawn.</p>
        ))}
    </>
  );
}
