import type { z } from 'zod';
import type { Failure, Subjects } from '../../../steps/failure.ts';
import type { Result } from '../../running/result.ts';
import type { Session } from '../../running/session.ts';

/**
 * A kind of scenario step: what a file may say, what the model does, what a report says, and what is correct. `Data` is
 * the parsed value of the kind's key. `text` and `run` may throw BadOperation if the step cannot be performed as
 * written.
 */
export interface StepKind<Schema extends z.ZodObject = z.ZodObject, Data = z.infer<Schema>> {
  /** The schema of the kind's value in a file; its description is published with it. */
  readonly schema: Schema;
  /** The key whose value may stand for the whole object: `online: 40` for `online: {blocks: 40}`. */
  readonly short?: string;
  /** The step as a person would write it, in one line. */
  text(step: Data): string;
  /** The name of what the release or the machine lacks for this step; null if it lacks nothing. */
  lacks?(session: Session, step: Data): string | null;
  /** The number of operations in the step, performed in turn until one fails; default 1. */
  count?(step: Data): number;
  /** Performs operation `i`, from 0, on the model. */
  run(session: Session, step: Data, i: number): Result;
  /**
   * Failures besides those of `expect`, `message` and `warning`; all of kind expectation. `result` is that of the first
   * operation to fail.
   */
  judge?(session: Session, step: Data, result: Result): readonly Failure[];
  /** The memory, in bytes, that operation `i` takes offline; null if it takes none. */
  offlines?(session: Session, step: Data, i: number): readonly [start: number, size: number] | null;
  /** The subjects of any failure in the step. */
  about?(session: Session, step: Data): Subjects;
  /** What a report shows instead of success or an errno, given what `judge` found; null for the default. */
  answer?(result: Result, wrong: readonly Failure[]): string | null;
  /** The step prepares the scenario: violations it causes are preconditions, not findings. */
  readonly scene?: true;
  /** A program with many operations performs the step: those performed stay so when a later one fails. */
  readonly program?: true;
  /**
   * How much of the step has been performed. An operation that fails after it has performed a part need not restore the
   * state.
   */
  progress?(session: Session, step: Data): number | undefined;
}

/** Checks a kind against its schema. */
export const stepKind = <S extends z.ZodObject>(
  kind: StepKind<S> & { readonly short?: keyof z.infer<S> & string },
): StepKind<S> => kind;

/** For steps that only read: a report shows a wrong answer as such. */
export const differs = (_: Result, wrong: readonly Failure[]): string | null =>
  wrong.length ? 'differs' : null;
