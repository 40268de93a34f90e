import type { Kernel } from '../../kernel/kernel.ts';
import type { Steps } from '../../steps/step.ts';
import type { SourceFunctionName } from '../functions-of.ts';

/** A random call of a kernel function, and what is injected before it. */
export interface RandomOperation {
  readonly fn: SourceFunctionName;
  /** The call in words. */
  readonly text: string;
  /** Allocations that fail: the site, how many succeed before, how many fail. */
  readonly failure: { readonly site: string; readonly after: number; readonly times: number } | null;
  /** The arguments are made anew for each run, as an altmap is changed by the call. */
  call(k: Kernel): Steps<unknown>;
}

/** An operation as it is drawn: with a failure of its own, or one that is drawn later. */
export type Drawn = Omit<RandomOperation, 'failure'> & Partial<Pick<RandomOperation, 'failure'>>;
