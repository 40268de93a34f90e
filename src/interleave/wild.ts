import type { State } from '../kernel/state.ts';
import { BadStep } from '../schedule/program/bad-step.ts';
import type { Fault } from '../schedule/program/semantics.ts';
import { objectOf } from '../steps/perform.ts';
import type { Step } from '../steps/step.ts';
import { objectText } from './object-names.ts';

/** An access to an object that is not there. */
export function wildAccess(state: State, step: Step): Fault | undefined {
  if (step.op !== 'read' && step.op !== 'write') return undefined;
  const found = objectOf(state, step);
  const object = `${step.obj}#${step.key}`;
  if (!found)
    return {
      kind: 'wild-access',
      subjects: { object, state: 'not there' },
      text: `${objectText(state, step.obj, step.key)} does not exist`,
    };
  if (step.field in found) return undefined;
  throw new BadStep(`${step.op} of ${step.obj}.${step.field}, which is not a field`, step);
}
