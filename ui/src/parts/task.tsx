import { type ReactNode, useCallback, useEffect, useRef, useState } from 'react';
import { type Client, type Listener, Stopped } from '../client.ts';
import type { Answers, Kind, Requests } from '../worker/protocol.ts';

/** Something that the worker does for a view: its progress, what is wrong, and a way to stop it. */
export interface Task {
  readonly busy: string | null;
  readonly error: string | null;
  readonly ask: <K extends Kind>(
    kind: K,
    request: Requests[K],
    listener?: Listener,
  ) => Promise<Answers[K] | undefined>;
  readonly stop: () => void;
  readonly fail: (message: string | null) => void;
}

export function useTask(client: Client): Task {
  const [busy, setBusy] = useState<string | null>(null);
  const [error, setError] = useState<string | null>(null);
  const current = useRef(0);
  useEffect(() => () => client.stop(), [client]);
  const ask = useCallback(
    async <K extends Kind>(kind: K, request: Requests[K], listener: Listener = {}) => {
      const nr = ++current.current;
      setBusy('…');
      setError(null);
      try {
        const answer = await client.ask(kind, request, {
          ...listener,
          progress: (text) => {
            setBusy(text);
            listener.progress?.(text);
          },
        });
        return nr === current.current ? answer : undefined;
      } catch (wrong) {
        if (!(wrong instanceof Stopped)) setError((wrong as Error).message.split('\n')[0]!.slice(0, 300));
        return undefined;
      } finally {
        if (nr === current.current) setBusy(null);
      }
    },
    [client],
  );
  const stop = useCallback(() => client.stop(), [client]);
  return { busy, error, ask, stop, fail: setError };
}

export function TaskLine({ task }: { readonly task: Task }): ReactNode {
  return (
    <>
      <div aria-live="polite">
        {task.busy !== null && (
          <p className="busy">
            <span>working: {task.busy}</span>
            <button type="button" onClick={task.stop}>
              Stop
            </button>
          </p>
        )}
      </div>
      {task.error !== null && (
        <p className="error" role="alert">
          {task.error}
        </p>
      )}
    </>
  );
}
