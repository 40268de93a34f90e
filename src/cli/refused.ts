import { BadOperation } from '../errors/bad-operation.ts';
import { UserError } from '../errors/user-error.ts';

/** A worker's answer for an error that the user has caused: an error loses its class between threads. */
export interface Refused {
  readonly refused: string;
}

export async function orRefused<T>(work: () => T | Promise<T>): Promise<T | Refused> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UserError) return { refused: error.message };
    throw error;
  }
}

/** @throws BadOperation for a refused answer */
export function notRefused<T extends object>(answer: T | Refused): T {
  if ('refused' in answer) throw new BadOperation(answer.refused);
  return answer;
}
