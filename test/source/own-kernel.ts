import { readFileSync } from 'node:fs';
import type { Model } from '../../src/boot/boot.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { type RunEvent, Runner } from '../../src/schedule/runner.ts';
import type { Bundle } from '../../src/source/bundle.ts';
import { eventOf } from '../../src/source/compare/events.ts';
import { bootFor } from '../../src/source/compare/machine.ts';
import { sourceKernel } from '../../src/source/kernel.ts';
import { SourceProgram } from '../../src/source/program.ts';
import type { Steps } from '../../src/steps/step.ts';

/** The bundle that mhp ir would make of fixtures/kernel.c. */
export const OWN: Bundle = {
  format: 'mhp-ir 1',
  arch: 'arm64',
  version: '6.1.0',
  compiler: 'clang version 19',
  hash: 'own',
  config: { ARM64_4K_PAGES: 'y', ARM64_VA_BITS: '48', ARM64_PA_BITS: '48' },
  capabilities: { ALWAYS_SYSTEM: 1, NOVEL: 77 },
  modules: [{ file: 'kernel.c', text: readFileSync(new URL('fixtures/kernel.ll', import.meta.url), 'utf8') }],
};

export interface OwnRun {
  readonly value: unknown;
  readonly ended: string;
  readonly steps: readonly string[];
  readonly events: readonly RunEvent[];
}

export const program = (bundle: Bundle = OWN): SourceProgram => new SourceProgram(bundle);
export const model = (): Model => bootFor(OWN, '');

/** Runs a thread of a kernel whose functions are the fixture's. */
export function runOwn(
  { kernel, state }: Model,
  of: SourceProgram,
  thread: (k: Kernel) => Steps<unknown>,
): OwnRun {
  const steps: string[] = [];
  const outcome = new Runner(state).run(noted(thread(sourceKernel(kernel, of, { alone: true })), steps));
  return { value: outcome.value, ended: outcome.ended, steps, events: outcome.events };
}

function* noted(thread: Steps<unknown>, steps: string[]): Steps<unknown> {
  let result: unknown;
  for (;;) {
    const next = thread.next(result);
    if (next.done) return next.value;
    const event = eventOf(next.value);
    if (event) steps.push(event.text);
    result = yield next.value;
  }
}
