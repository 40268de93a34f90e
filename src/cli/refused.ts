import { ImpossibleMachine } from '../errors/impossible-machine.ts';
import { InputError } from '../errors/input-error.ts';
import { BadOperation } from '../scenarios/running/session.ts';

/** Whether the input is to blame, and the message says all there is to say. */
export const is_bad_input = (error: unknown): error is Error =>
  error instanceof InputError || error instanceof BadOperation || error instanceof ImpossibleMachine;

/** What a worker answers to bad input: an error loses its class on the way between threads. */
export interface Refused {
  readonly refused: string;
}

export async function or_refused<T>(work: () => T | Promise<T>): Promise<T | Refused> {
  try {
    return await work();
  } catch (error) {
    if (is_bad_input(error)) return { refused: error.message };
    throw error;
  }
}

/** @throws BadOperation for what was refused */
export function not_refused<T extends object>(answer: T | Refused): T {
  if ('refused' in answer) throw new BadOperation(answer.refused);
  return answer;
}
