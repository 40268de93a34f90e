import type { z } from 'zod';
import type { Steps } from '../../../steps/step.ts';
import type { MemModel } from '../../boot/memmap-boot.ts';
import type { Found } from '../mem-checks.ts';

/** A call of the kernel, its text as a person would write it, and the checks after it. */
export interface MemCall {
  readonly text: string;
  readonly thread: () => Steps<unknown>;
  readonly after?: () => Iterable<Found>;
  /** Whether sections may be added or removed. */
  readonly sections?: true;
  /** The order of the huge page, if the code path taken matters. */
  readonly order?: number;
}

/** A kind of step of a scenario of struct pages: what a file may say, and what the model does. */
export interface MemStepKind<Schema extends z.ZodObject = z.ZodObject, Data = z.infer<Schema>> {
  /** The schema of the kind's value in a file; its description is published with it. */
  readonly schema: Schema;
  /** @throws BadOperation if the step cannot be performed as written */
  call(model: MemModel, step: Data): MemCall;
}

/** Checks a kind against its schema. */
export const memStepKind = <S extends z.ZodObject>(kind: MemStepKind<S>): MemStepKind<S> => kind;
