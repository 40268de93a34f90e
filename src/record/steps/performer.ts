import type { StepName, StepOf } from '../../scenarios/format/step-schema.ts';
import type { Guest } from '../guest/guest.ts';
import type { GuestKernel } from '../kernel/guest-kernel.ts';

/** An operation as ops.json has it (docs/recordings.md). */
export type RecordedOp = { readonly op: string } & Readonly<Record<string, unknown>>;

/** What a performer knows of the run so far. */
export interface Run {
  readonly guest: Guest;
  /** Seconds that one operation may take. */
  readonly timeout: number;
  /** Pages that pins hold, in order. */
  readonly pins: { readonly pfn: bigint; readonly count: bigint }[];
  /** Memory that programs hold, with the place where its file system is mounted, and the range that a step named. */
  readonly programs: { readonly at: string; readonly start: number; readonly size: number }[];
  /** The addresses of device memory's struct dev_pagemap, by its start. */
  readonly pagemaps: Map<number, bigint>;
  /** The devices that are plugged, by id. */
  readonly plugged: Map<string, { readonly kind: string; readonly start: number; readonly size: number }>;
}

/** A build option of the kernel, y or m; without CONFIG_. */
export type Option = string;

/** How a kind of step is done on a real kernel. */
export interface Performer<K extends StepName = StepName> {
  /** Build options without which it cannot be done. */
  options?(step: StepOf<K>, kernel: GuestKernel): readonly Option[];
  /** Modules that must be loaded before the first step. */
  modules?(step: StepOf<K>): readonly string[];
  /** Debian packages whose programs it runs. */
  packages?(step: StepOf<K>): readonly string[];
  /** Why this step cannot be recorded whatever the kernel; null if it can. */
  refuses?(step: StepOf<K>): string | null;
  /** It describes the machine before boot, which QEMU's command line has. */
  cold?(step: StepOf<K>): boolean;
  /** Does it, and says what came of it. An operation that fails ends the step. */
  perform(run: Run, step: StepOf<K>): AsyncGenerator<RecordedOp>;
}
