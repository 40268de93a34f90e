import { BadOperation } from '../../errors/bad-operation.ts';
import { copyState } from '../../interleave/copy.ts';
import type { ScenarioStep } from '../../scenarios/format/step-schema.ts';
import { perform } from '../../scenarios/running/perform.ts';
import { messageOf } from '../../scenarios/running/run-scenario.ts';
import { Session } from '../../scenarios/running/session.ts';
import type { AskedMachine } from '../machine.ts';

/** Operations on a copy of the machine, which is left as it is. */
export interface Trial {
  /** The errno of the first operation that failed, null for success. */
  readonly errno: string | null;
  readonly messages: readonly string[];
  /** Why it cannot be tried: the release or machine lacks what it needs. */
  readonly refused: string | null;
  readonly session: Session;
}

export function copyOf({ session }: Pick<AskedMachine, 'session'>): Session {
  return new Session({ kernel: session.kernel, state: copyState(session.state), notes: [] });
}

export function attempt(session: Session, steps: readonly ScenarioStep[]): Trial {
  const messages: string[] = [];
  for (const step of steps) {
    try {
      const { errno, ended, events } = perform(session, step);
      const said = events.map((event) => (event.kind === 'bug' ? messageOf(event) : event.text));
      messages.push(...said.filter((text) => text !== ''));
      if (errno !== null || ended !== 'returned')
        return { errno: errno ?? 'BUG', messages, refused: null, session };
    } catch (error) {
      if (!(error instanceof BadOperation)) throw error;
      return { errno: null, messages, refused: error.message, session };
    }
  }
  return { errno: null, messages, refused: null, session };
}

export const tryOn = (asked: AskedMachine, steps: readonly ScenarioStep[]): Trial =>
  attempt(copyOf(asked), steps);
