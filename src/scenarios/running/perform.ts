import { BadOperation } from '../../errors/bad-operation.ts';
import { kindOf, type ScenarioStep } from '../format/step-schema.ts';
import { type Result, returned } from './result.ts';
import type { Session } from './session.ts';

/** A step as operations on a model. */
export interface Operations {
  /** The step as a person would write it. */
  readonly text: string;
  readonly count: number;
  /** Performs operation `i`, from 0. @throws BadOperation if it cannot be performed as written */
  readonly run: (i: number) => Result;
}

/** @throws BadOperation if the step cannot be performed as written, or not on this release or machine */
export function operationsOf(session: Session, { kind: name, step }: ScenarioStep): Operations {
  const kind = kindOf(name);
  const operations = {
    text: kind.text(step),
    count: kind.count?.(step) ?? 1,
    run: (i: number): Result => kind.run(session, step, i),
  };
  const lacks = kind.lacks?.(session, step) ?? null;
  if (lacks !== null) throw new BadOperation(lacks);
  return operations;
}

/**
 * Performs a step: its operations in turn until one fails. Returns the result of the first that fails, or of the last.
 */
export function perform(session: Session, step: ScenarioStep): Result {
  const { count, run } = operationsOf(session, step);
  let result = returned(0);
  for (let i = 0; i < count; i++) {
    result = run(i);
    if (result.errno !== null || result.ended !== 'returned') break;
  }
  return result;
}
