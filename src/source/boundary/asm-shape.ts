import type { Int64 } from '../../ir/read/values.ts';
import type { Steps } from '../../steps/step.ts';
import type { Site, Standing } from './site.ts';

/** The result of a piece of assembly: a value, or the number of the label to which it jumps; 0 is the next line. */
export interface AsmResult {
  readonly value?: Int64;
  readonly target?: number;
}

/** A shape of inline assembly. */
export interface AsmShape {
  readonly name: string;
  readonly is: Standing;
  /** The whole text; groups are given to `run`. */
  readonly text: RegExp;
  run?(site: Site, match: RegExpExecArray): Steps<AsmResult>;
}
