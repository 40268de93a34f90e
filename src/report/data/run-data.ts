import {
  ACPI_OST_SC_DEVICE_BUSY,
  ACPI_OST_SC_DEVICE_IN_USE,
  ACPI_OST_SC_EJECT_IN_PROGRESS,
  ACPI_OST_SC_EJECT_NOT_SUPPORTED,
  ACPI_OST_SC_NON_SPECIFIC_FAILURE,
  ACPI_OST_SC_SUCCESS,
} from '../../kernel/drivers/acpi/scan.ts';
import type { StepOutcome } from '../../scenarios/running/run-scenario.ts';
import type { Session } from '../../scenarios/running/session.ts';
import { type Delta, deltaOf, type Snapshot } from './delta.ts';
import { machineSnapshot } from './run-state.ts';

/** The status codes that the kernel returns to the firmware, by the names of include/acpi/acpi.h. */
const OST: Readonly<Record<number, string>> = {
  [ACPI_OST_SC_SUCCESS]: 'SUCCESS',
  [ACPI_OST_SC_NON_SPECIFIC_FAILURE]: 'NON_SPECIFIC_FAILURE',
  [ACPI_OST_SC_EJECT_NOT_SUPPORTED]: 'EJECT_NOT_SUPPORTED',
  [ACPI_OST_SC_DEVICE_IN_USE]: 'DEVICE_IN_USE',
  [ACPI_OST_SC_DEVICE_BUSY]: 'DEVICE_BUSY',
  [ACPI_OST_SC_EJECT_IN_PROGRESS]: 'EJECT_IN_PROGRESS',
};

/** One step of a run, as mhp-run/2 has it. */
export interface RunStep extends Readonly<Record<string, unknown>> {
  readonly step: number;
  readonly operation: string;
  readonly result: string;
  readonly messages: readonly { readonly level: number | null; readonly text: string }[];
  readonly changes: readonly string[];
  readonly failures: StepOutcome['failures'];
  readonly holders: StepOutcome['holders'];
  readonly delta: Delta;
}

/** The outcome of a step as data; `delta`: what it changed. */
export const stepData = (outcome: StepOutcome, delta: Delta): RunStep => ({
  step: outcome.index + 1,
  operation: outcome.operation,
  result: outcome.result,
  ret: outcome.ret,
  ost: outcome.ost,
  ost_names: outcome.ost?.map((code) => OST[code] ?? null) ?? null,
  messages: outcome.messages.map((text, i) => ({ level: outcome.levels[i] ?? null, text })),
  changes: outcome.changes,
  tables: outcome.tables,
  failures: outcome.failures,
  holders: outcome.holders,
  unexpected: outcome.unexpected,
  delta,
});

/** Takes a snapshot of the machine before and after every step. */
export class RunRecorder {
  readonly initial: Snapshot;
  readonly steps: RunStep[] = [];
  readonly #session: Session;
  #last: Snapshot;

  constructor(session: Session) {
    this.#session = session;
    this.initial = machineSnapshot(session);
    this.#last = this.initial;
  }

  /** To be called when a step has ended and the next has not begun. */
  add(outcome: StepOutcome): void {
    const now = machineSnapshot(this.#session);
    this.steps.push(stepData(outcome, deltaOf(this.#last, now)));
    this.#last = now;
  }
}

/** What a run began with, besides its snapshots. */
export interface RunAbout {
  readonly machine: string;
  readonly title: string | null;
  readonly notes: readonly string[];
}

/** A run as data, for views and other programs. */
export interface RunData extends RunAbout {
  readonly schema: 'mhp-run/2';
  readonly arch: string;
  readonly release: string;
  /** In bytes. */
  readonly page_size: number;
  readonly section_size: number;
  readonly subsection_size: number;
  readonly block_size: number;
  readonly initial: Snapshot;
  readonly steps: readonly RunStep[];
}

/** A recorded run as data. */
export function runData(
  about: RunAbout,
  { kernel }: Session,
  recorder: Pick<RunRecorder, 'initial' | 'steps'>,
): RunData {
  const { c } = kernel;
  return {
    schema: 'mhp-run/2',
    ...about,
    arch: c.arch,
    release: kernel.release,
    page_size: c.PAGE_SIZE,
    section_size: c.PAGES_PER_SECTION * c.PAGE_SIZE,
    subsection_size: c.PAGES_PER_SUBSECTION * c.PAGE_SIZE,
    block_size: c.memory_block_size_bytes,
    initial: recorder.initial,
    steps: recorder.steps,
  };
}
