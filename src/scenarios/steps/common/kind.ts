import type { z } from 'zod';
import type { Failure, Subjects } from '../../../steps/failure.ts';
import type { Result } from '../../running/result.ts';
import type { Session } from '../../running/session.ts';

/**
 * A kind of scenario step, all of it: what a file may say, what the model does, what a report says, what is right.
 * What stands under the kind's name, once it is parsed, is its `Data`. A kind may throw BadOperation from `text` and `run`
 * where the step cannot be done as written.
 */
export interface StepKind<Schema extends z.ZodObject = z.ZodObject, Data = z.infer<Schema>> {
  /** What a file may say; its description is published with it. */
  readonly schema: Schema;
  /** The key whose value may stand for the whole object: `online: 40` for `online: {blocks: 40}`. */
  readonly short?: string;
  /** The step as a person would write it, in one line. */
  text(step: Data): string;
  /** What the release or the machine lacks for this step, by name; null where it lacks nothing. */
  lacks?(session: Session, step: Data): string | null;
  /** Operations that the step consists of, done in turn until one fails; 1 where absent. */
  count?(step: Data): number;
  /** Does operation `i`, from 0, on the model. */
  run(session: Session, step: Data, i: number): Result;
  /** What is wrong beside `expect`, `message` and `warning`: expectations all. `result` is that of the first operation to fail. */
  judge?(session: Session, step: Data, result: Result): readonly Failure[];
  /** What whatever goes wrong in it is about. */
  about?(session: Session, step: Data): Subjects;
  /** What a report shows in place of success or an errno, given what `judge` found; null: no other. */
  answer?(result: Result, wrong: readonly Failure[]): string | null;
  /** It sets the scene: what it breaks is given, not found. */
  readonly scene?: true;
  /** It is done by a program of many operations: those done stay done when a later one fails. */
  readonly program?: true;
  /** How much of it is done. Who fails after something was done need not have restored the state before. */
  progress?(session: Session, step: Data): number | undefined;
}

/** Checks a kind against its schema. */
export const stepKind = <S extends z.ZodObject>(
  kind: StepKind<S> & { readonly short?: keyof z.infer<S> & string },
): StepKind<S> => kind;

/** For steps that ask and change nothing: a wrong answer is shown as such. */
export const differs = (_: Result, wrong: readonly Failure[]): string | null =>
  wrong.length ? 'differs' : null;
