import { BadOperation } from '../../errors/bad-operation.ts';
import { eventFailures } from '../../schedule/event-failures.ts';
import { type RunEvent, Runner, type RunOutcome } from '../../schedule/runner.ts';
import { errnoName } from '../../steps/errno.ts';
import { type Failure, failureKey } from '../../steps/failure.ts';
import type { MemMachine } from '../boot/mem-machine.ts';
import { bootMemmodel, type MemModel } from '../boot/memmap-boot.ts';
import { is_classic } from '../kernel/config.ts';
import { BOUNDARY_TEST, type Stray } from '../kernel/world.ts';
import type { MemRelease } from '../releases/mem-releases.ts';
import { sections } from './mem-checks.ts';
import type { MemScenario } from './mem-scenario.ts';
import type { MemStep } from './mem-schema.ts';
import { firstOfEach, picture, straySubjects, strayText } from './picture.ts';
import { memSteps } from './steps/index.ts';
import type { MemStepKind } from './steps/kind.ts';

export interface MemFailure extends Failure {
  /** A map of addresses, one line per object. */
  readonly picture?: readonly string[];
}

export interface MemOutcome {
  readonly index: number;
  readonly operation: string;
  /** "success", an errno, BUG; "unusable": the pages cannot become a huge page. */
  readonly result: string;
  readonly ret: number | null;
  readonly messages: readonly string[];
  /** The loops taken, the helpers called, and the failures that a benign placement hides. */
  readonly notes: readonly string[];
  readonly failures: readonly MemFailure[];
  readonly strays: readonly Stray[];
  /** Steps of kernel code performed. */
  readonly steps: number;
}

/** Runs the steps of a scenario on a release, in order. @throws BadOperation for a step that cannot be performed */
export function* runMemScenario(
  scenario: Pick<MemScenario, 'file' | 'machine' | 'steps'>,
  release: MemRelease,
): Generator<MemOutcome> {
  const session = new MemSession(bootMemmodel(scenario.machine, release));
  const shadow = hidden(scenario.machine)
    ? new MemSession(bootMemmodel(unkind(scenario.machine), release))
    : null;
  for (const [index, step] of scenario.steps.entries()) {
    const outcome = placed(scenario.file, index, () => session.step(index, step));
    const other = shadow?.step(index, step);
    yield other && !astray(outcome) && astray(other) ? benign(outcome, other) : outcome;
  }
}

const astray = (outcome: MemOutcome): boolean => outcome.strays.length > 0;

/**
 * Memmaps may be adjacent by chance. The same steps on a machine with other objects between them show what the chance
 * hides.
 */
const hidden = (machine: MemMachine): boolean =>
  machine.memmap === 'adjacent' && is_classic(machine.memory_model);
const unkind = (machine: MemMachine): MemMachine => ({ ...machine, memmap: 'foreign' });

const benign = (outcome: MemOutcome, other: MemOutcome): MemOutcome => ({
  ...outcome,
  notes: [
    ...outcome.notes,
    `benign placement: the memmaps lie side by side and hide a bug; with "memmap: foreign" ${other.failures.find((f) => f.kind === 'access')!.text}`,
  ],
});

function placed<T>(file: string, index: number, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof BadOperation) throw new BadOperation(`${file}: steps[${index}]: ${error.message}`);
    throw error;
  }
}

/** A kernel and its struct pages, in operation. */
class MemSession {
  readonly #model: MemModel;

  constructor(model: MemModel) {
    this.#model = model;
  }

  step(index: number, { kind, step }: MemStep): MemOutcome {
    const { world, kernel } = this.#model;
    world.strays.length = 0;
    world.calls.clear();
    if (world.bootmem) world.bootmem.notes.length = 0;
    const call = (memSteps[kind] as MemStepKind).call(this.#model, step);
    const known = new Set(call.sections ? this.#invariants().map(failureKey) : []);
    const outcome = new Runner(world).run(call.thread());
    const strays = [...world.strays];
    const failures = [...failuresOf(outcome), ...this.#astray(strays)];
    const ret = typeof outcome.value === 'number' ? outcome.value : outcome.value === false ? -1 : 0;
    const refused = outcome.value === false ? 'unusable' : ret < 0 ? errnoName(ret) : null;
    const result = outcome.ended === 'bug' ? 'BUG' : (refused ?? 'success');
    if (result === 'success') {
      for (const found of call.after?.() ?? []) failures.push({ kind: 'contents', ...found });
      failures.push(...this.#cost(call.order));
    }
    for (const failure of call.sections ? this.#invariants() : [])
      if (!known.has(failureKey(failure))) failures.push(failure);
    const messages = [...(index === 0 ? this.#model.messages : []), ...outcome.events.map(messageOf)];
    failures.push(...unexpected(step, result, messages));
    return {
      index,
      operation: call.text,
      result,
      ret: outcome.ended === 'bug' ? null : ret,
      messages,
      notes: [...paths(world.calls, kernel.c.MAX_ORDER_NR_PAGES), ...(world.bootmem?.notes ?? [])],
      failures,
      strays,
      steps: outcome.steps,
    };
  }

  #invariants(): Failure[] {
    const { world, kernel } = this.#model;
    const valid = (pfn: number): boolean => new Runner(world).run(kernel.pfn_valid(pfn)).value === true;
    return [...sections(world, kernel.c, valid)].map((found) => ({ kind: 'invariant', ...found }));
  }

  /** One failure for all accesses of a step that went astray, with the picture. */
  #astray(strays: readonly Stray[]): MemFailure[] {
    if (strays.length === 0) return [];
    const { world, kernel } = this.#model;
    const told = firstOfEach(strays);
    const pages = strays.reduce((sum, { n }) => sum + n, 0);
    const more = strays.length - told.length;
    const rest = more > 0 ? `; ${more} more such, ${pages} pages in all` : '';
    const text = told.map((stray) => strayText(world, kernel.c, stray)).join('; ');
    return [
      {
        kind: 'access',
        subjects: straySubjects(world, strays),
        text: `${text}${rest}`,
        picture: picture(world, kernel.c, strays),
      },
    ];
  }

  /** B94: the only fault is the loop that was taken. */
  #cost(order: number | undefined): MemFailure[] {
    const { world, kernel } = this.#model;
    if (order === undefined || order >= kernel.c.MAX_ORDER) return [];
    const loop = [...world.calls.keys()].find((name) => name.includes('gigantic'));
    if (loop === undefined) return [];
    const branches = world.calls.get('mem_map_next') ?? 0;
    const text = `an ordinary huge page of ${2 ** order} pages takes ${loop}: ${branches} calls of mem_map_next too many, no wrong access`;
    const subjects = { function: loop, order, count: branches };
    return [{ kind: 'cost', subjects, text }];
  }
}

const HELPERS: ReadonlySet<string> = new Set(['mem_map_next', BOUNDARY_TEST]);

/** "took clear_huge_page, clear_gigantic_page; mem_map_next called 4 times, 2 of them at a boundary" */
function paths(calls: ReadonlyMap<string, number>, M: number): string[] {
  const loops = [...calls.keys()].filter((name) => !HELPERS.has(name));
  const next = calls.get('mem_map_next');
  const tests = calls.get(BOUNDARY_TEST);
  const boundary = `(boundary every ${M} pages)`;
  const called = next === undefined ? '' : `; mem_map_next called ${next} times ${boundary}`;
  const helpers = tests === undefined ? called : `${called}; ${tests} tests for a boundary ${boundary}`;
  return loops.length ? [`took ${loops.join(', ')}${helpers}`] : [];
}

const failuresOf = (outcome: RunOutcome<unknown>): MemFailure[] =>
  eventFailures(outcome.events).filter(({ kind }) => kind !== 'lock');

const messageOf = (event: RunEvent): string =>
  event.kind === 'printk' || event.kind === 'lock'
    ? event.text
    : `${event.kind === 'bug' ? 'kernel BUG' : 'WARNING'} at ${event.where}${event.text ? `: ${event.text}` : ''}`;

function unexpected(step: object, result: string, messages: readonly string[]): MemFailure[] {
  const { expect, message } = step as { expect?: string; message?: string };
  const failures: MemFailure[] = [];
  const want = expect ?? 'success';
  if (want !== 'any' && want !== result)
    failures.push({
      kind: 'expectation',
      subjects: { what: 'result', found: result, expected: want },
      text: `result is ${result}, expected ${want}`,
    });
  if (message !== undefined && !messages.some((text) => text.includes(message)))
    failures.push({
      kind: 'expectation',
      subjects: { what: 'message', message },
      text: `no message says ${JSON.stringify(message)}`,
    });
  return failures;
}
