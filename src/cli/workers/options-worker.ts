import { designs } from '../../check/options/designs.ts';
import { type Costs, costs, fates } from '../../check/options/measure.ts';

/** One of the designs, by its index. */
export interface OptionsTask {
  readonly design: number;
}

export interface Measured {
  readonly costs: Costs;
  readonly fates: ReturnType<typeof fates>;
}

/** The main function of a worker thread of `mhp options`. */
export default function work({ design }: OptionsTask): Measured {
  const { release } = designs[design]!;
  return { costs: costs(release), fates: fates(release) };
}
