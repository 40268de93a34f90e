import type { Monitor } from '../monitors/monitor.ts';
import type { Program } from '../program/program.ts';
import type { Bounds } from '../replay/verdict.ts';
import { systemOf } from '../semantics/system-of.ts';
import { StatesSearch } from '../states/states.ts';
import { TracesSearch } from '../traces/traces.ts';
import type { Control } from './control.ts';

/** A question about a program, independent of how its answer is searched for. */
export interface Question {
  readonly program: Program;
  readonly monitors: readonly Monitor[];
  readonly bounds: Bounds;
  /** Whether to leave out orders of independent steps. */
  readonly reduce: boolean;
  /** Whether threads may forget what their loop heads do not keep. */
  readonly forget: boolean;
}

/** A search of states that has not run yet. */
export function statesSearch(
  { program, monitors, bounds, reduce, forget }: Question,
  control: Control = {},
  bySteps = false,
): StatesSearch {
  return new StatesSearch(systemOf(program, monitors, forget), {
    monitors,
    bounds,
    control,
    reduce,
    bySteps,
  });
}

/** A search of traces that has not run yet. */
export function tracesSearch(
  { program, monitors, bounds, forget }: Question,
  control: Control = {},
): TracesSearch {
  return new TracesSearch(systemOf(program, monitors, forget), { monitors, bounds, control });
}
