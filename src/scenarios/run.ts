import { release_resource } from '../kernel/kernel/resource.ts';
import { PG_hwpoison, USE } from '../kernel/mm/page.ts';
import { parseSize } from '../machines/size.ts';
import { violations } from '../monitors/hotplug/index.ts';
import { changed_lines, observable } from '../monitors/hotplug/restore.ts';
import type { Scenario } from './read.ts';
import type { ScenarioStep, StepOf } from './schema.ts';
import { BadOperation, type Result, type Session } from './session.ts';
import { changes, summarize } from './summary.ts';

/** What went wrong in a step, in the kernel's or a monitor's words. */
export interface Failure {
  readonly kind: 'bug' | 'warn' | 'lock' | 'hang' | 'invariant' | 'expectation';
  readonly text: string;
}

export interface StepOutcome {
  readonly index: number;
  /** The operation as a person would write it. */
  readonly operation: string;
  /** success, an errno, BUG; for several blocks the first that is not success. */
  readonly result: string;
  /** The kernel's return value where there is one. */
  readonly ret: number | null;
  readonly ost: readonly number[] | null;
  /** Kernel messages, in order. */
  readonly messages: readonly string[];
  readonly changes: readonly string[];
  readonly failures: readonly Failure[];
  /** The result was not the one expected. */
  readonly unexpected: boolean;
  /** Steps of kernel code performed. */
  readonly steps: number;
}

const bytes = (value: number | string): number => {
  const n = typeof value === 'number' ? value : parseSize(value);
  if (n === undefined || n > 2 ** 52) throw new BadOperation(`${value} is past 2^52`);
  return n;
};

const hex = (n: number): string => `0x${n.toString(16)}`;

/** "40", "memory40", "40..47" */
function block_range(blocks: number | string): readonly number[] {
  const [first, last] = String(blocks).replaceAll('memory', '').split('..').map(Number);
  const end = last ?? first!;
  if (end < first! || end - first! > 10_000_000) throw new BadOperation(`${blocks} is no range of blocks`);
  return Array.from({ length: end - first! + 1 }, (_, i) => first! + i);
}

const uses: Readonly<Record<string, number>> = {
  movable: USE.MOVABLE,
  unmovable: USE.UNMOVABLE,
  free: USE.FREE,
  hugepage: USE.HUGE_USED,
  hugepage_free: USE.HUGE_FREE,
  offline: USE.OFFLINE_NOREF,
  offline_ref: USE.OFFLINE_REF,
};

function occupy(session: Session, step: StepOf<'use'>): void {
  const start = bytes(step.start);
  const size = bytes(step.size);
  if (step.as !== 'hwpoison') {
    session.occupy(start, size, uses[step.as]!);
    return;
  }
  const { c } = session.kernel;
  const first = Math.floor(start / c.PAGE_SIZE);
  const last = Math.ceil((start + size) / c.PAGE_SIZE);
  session.state.pages.update(first, last, (page) => page | PG_hwpoison);
  session.state.vars.get(0)!.num_poisoned_pages += last - first;
  for (const [id, block] of session.state.memory_block) {
    const begin = (id * c.memory_block_size_bytes) / c.PAGE_SIZE;
    const end = begin + c.memory_block_size_bytes / c.PAGE_SIZE;
    block.nr_hwpoison += Math.max(0, Math.min(end, last) - Math.max(begin, first));
  }
}

const NONE: Result = { ret: 0, errno: null, ended: 'returned', events: [], steps: 0, signalled: [] };

/** A step on more blocks than this is not held to "a failed operation restores the state": a look costs as much as the machine is large. */
const RESTORE_LIMIT = 64;

/** Steps that set the scene: what they break is given, not found. */
const GIVEN: ReadonlySet<string> = new Set(['use', 'fail', 'lose_resource', 'system_state']);

/** The calls a step stands for, each to be made in turn. */
function calls(session: Session, { kind, step }: ScenarioStep): readonly [string, () => Result][] {
  const call = (text: string, run: () => Result): readonly [string, () => Result][] => [[text, run]];
  switch (kind) {
    case 'add': {
      const [start, size] = [bytes(step.start), bytes(step.size)];
      return call(`add_memory(${step.node}, ${hex(start)}, ${hex(size)})`, () =>
        session.add_memory(step.node, start, size),
      );
    }
    case 'add_driver_managed': {
      const [start, size] = [bytes(step.start), bytes(step.size)];
      return call(
        `add_memory_driver_managed(${step.node}, ${hex(start)}, ${hex(size)}, "${step.name}")`,
        () => session.add_memory_driver_managed(step.node, start, size, step.name),
      );
    }
    case 'remove': {
      const [start, size] = [bytes(step.start), bytes(step.size)];
      return call(`remove_memory(${hex(start)}, ${hex(size)})`, () => session.remove_memory(start, size));
    }
    case 'offline_and_remove': {
      const [start, size] = [bytes(step.start), bytes(step.size)];
      return call(`offline_and_remove_memory(${hex(start)}, ${hex(size)})`, () =>
        session.offline_and_remove_memory(start, size),
      );
    }
    case 'online':
    case 'online_kernel':
    case 'online_movable':
    case 'offline':
      return block_range(step.blocks).map((id) => {
        const path = `/sys/devices/system/memory/memory${id}/state`;
        return [`echo ${kind} > ${path}`, () => session.write(path, kind)];
      });
    case 'device_add': {
      const [start, size] = [bytes(step.start), bytes(step.size)];
      return call(`device_add ${step.id} ${hex(start)} ${hex(size)} node ${step.node}`, () =>
        session.device_add(step.id, start, size, step.node),
      );
    }
    case 'device_del':
      return call(`device_del ${step.id}`, () => session.device_del(step.id));
    case 'write':
      return call(`echo ${step.value.trim()} > ${step.path}`, () => session.write(step.path, step.value));
    case 'pin':
      return call(
        `pin a page of node ${step.node} in ${hex(bytes(step.start))}+${hex(bytes(step.size))}`,
        () => session.pin(step.node, bytes(step.start), bytes(step.size)),
      );
    case 'unpin':
      return call('unpin', () => {
        session.unpin();
        return NONE;
      });
    case 'use':
      return call(`${hex(bytes(step.start))}+${hex(bytes(step.size))} is ${step.as}`, () => {
        occupy(session, step);
        return NONE;
      });
    case 'fail':
      return call(`the next ${step.times} ${step.site} fail`, () => {
        const vars = session.state.vars.get(0)!;
        vars.fail_alloc = { ...vars.fail_alloc, [step.site]: step.times };
        return NONE;
      });
    case 'lose_resource':
      return call(`release_resource ${hex(bytes(step.start))}+${hex(bytes(step.size))}`, () => {
        release_resource(session.state, bytes(step.start), bytes(step.size));
        return NONE;
      });
    case 'system_state':
      return call(`system_state is ${step.state}`, () => {
        session.state.vars.get(0)!.system_state = step.state;
        return NONE;
      });
    case 'expect':
      return call(`${step.path} reads as expected`, () => NONE);
  }
}

/** BUGs, warnings, lock misuse and endless loops of one call. */
function failures_of(result: Result): Failure[] {
  const failures: Failure[] = result.events.flatMap((event): Failure[] => {
    if (event.kind === 'printk') return [];
    if (event.kind === 'lock') return [{ kind: 'lock', text: event.text }];
    return [
      {
        kind: event.kind,
        text: `${event.kind === 'bug' ? 'BUG' : 'WARNING'} at ${event.where}${event.text ? `: ${event.text}` : ''}`,
      },
    ];
  });
  for (const where of result.signalled)
    failures.push({ kind: 'hang', text: `${where} loops until a signal ends it` });
  return failures;
}

const message_of = (event: Result['events'][number]): string => {
  if (event.kind === 'printk') return event.text;
  if (event.kind === 'lock') return event.text;
  return `${event.kind === 'bug' ? 'kernel BUG' : 'WARNING'} at ${event.where}${event.text ? `: ${event.text}` : ''}`;
};

const result_text = (result: Result): string =>
  result.ended === 'bug' ? 'BUG' : result.ended === 'deadlock' ? 'deadlock' : (result.errno ?? 'success');

/** The file of an expect step against what it should read; null when it does. */
function expectation(session: Session, { kind, step }: ScenarioStep): string | null {
  if (kind !== 'expect') return null;
  const entry = session.read(step.path);
  const found = entry === null ? null : entry.kind === 'file' ? entry.text : entry.kind;
  const same =
    found === null || step.text === null ? found === step.text : found.trimEnd() === step.text.trimEnd();
  return same ? null : `${step.path} reads ${JSON.stringify(found)}, expected ${JSON.stringify(step.text)}`;
}

interface Expected {
  readonly expect?: string | undefined;
  readonly message?: string | undefined;
  readonly ost?: readonly number[] | undefined;
}

function judge(
  expected: Expected,
  result: string,
  ost: readonly number[] | null,
  messages: readonly string[],
): string[] {
  const wrong: string[] = [];
  const want = expected.expect ?? 'success';
  if (want !== 'any' && want !== result) wrong.push(`result is ${result}, expected ${want}`);
  if (expected.ost && expected.ost.join() !== (ost ?? []).join()) {
    wrong.push(`OST codes are ${(ost ?? []).join()}, expected ${expected.ost.join()}`);
  }
  const { message } = expected;
  if (message !== undefined && !messages.some((text) => text.includes(message))) {
    wrong.push(`no message says ${JSON.stringify(message)}`);
  }
  return wrong;
}

export interface RunOptions {
  /** Check the invariants after every step (default true). */
  readonly check?: boolean;
}

/**
 * Run the steps of a scenario one after the other.
 * @throws BadOperation when a step cannot be done as written
 */
export function* run_scenario(
  scenario: Scenario,
  session: Session,
  options: RunOptions = {},
): Generator<StepOutcome> {
  const { state, kernel } = session;
  const check = options.check ?? true;
  let known = new Set(check ? violations(state, kernel.c) : []);
  let before = summarize(state, kernel);
  for (const [index, step] of scenario.steps.entries()) {
    const failures: Failure[] = [];
    const messages: string[] = [];
    let shown: Result = NONE;
    let steps = 0;
    const todo = calls(session, step);
    const restore = check && todo.length <= RESTORE_LIMIT;
    for (const [, run] of todo) {
      const snapshot = restore ? observable(state) : [];
      const result = run();
      steps += result.steps;
      messages.push(...result.events.map(message_of));
      failures.push(...failures_of(result));
      if (result.ret !== null && result.ret < 0) {
        const left = restore ? changed_lines(snapshot, observable(state)) : [];
        if (left.length && !result.ost)
          failures.push({ kind: 'invariant', text: `restore: failed and left ${left.join(', ')}` });
      }
      if (shown.errno === null) shown = result;
      if (result.errno !== null || result.ended !== 'returned') break;
    }
    const now = check ? violations(state, kernel.c) : [];
    if (!GIVEN.has(step.kind)) {
      for (const text of now) if (!known.has(text)) failures.push({ kind: 'invariant', text });
    }
    known = new Set(now);
    const after = summarize(state, kernel);
    const text = result_text(shown);
    const wrong = [...judge(step.step as Expected, text, shown.ost ?? null, messages)];
    const misread = expectation(session, step);
    if (misread) wrong.push(misread);
    failures.push(...wrong.map((what): Failure => ({ kind: 'expectation', text: what })));
    yield {
      index,
      operation: todo.length > 1 ? `${todo[0]![0]} … (${todo.length} blocks)` : (todo[0]?.[0] ?? step.kind),
      result: text,
      ret: shown.ret,
      ost: shown.ost ?? null,
      messages,
      changes: changes(before, after),
      failures,
      unexpected: wrong.length > 0,
      steps,
    };
    before = after;
  }
}
