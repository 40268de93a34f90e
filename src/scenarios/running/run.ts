import { PG_uncached, page_zonenum } from '../../kernel/mm/page.ts';
import { PCM, SECTION_HAS_MEM_MAP, SECTION_IS_ONLINE } from '../../kernel/state.ts';
import { violations } from '../../monitors/hotplug/index.ts';
import { changed_lines, not_restored, observable } from '../../monitors/hotplug/restore.ts';
import { event_failures } from '../../schedule/event-failures.ts';
import { type Failure, failure_key, type Subjects } from '../../steps/failure.ts';
import { bytes, calls, hex, NONE } from '../calls.ts';
import { page_says } from '../device.ts';
import type { Scenario } from '../format/read.ts';
import type { ScenarioStep } from '../format/schema.ts';
import { consumers } from '../reserved/consumers.ts';
import { BadOperation, type Result, type Session } from './session.ts';
import { changes, summarize, table_changes } from './summary.ts';

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
  /** Table pages of the kernel taken from the page allocator and given back, by level. */
  readonly tables: ReturnType<typeof table_changes>;
  readonly failures: readonly Failure[];
  /** The result was not the one expected. */
  readonly unexpected: boolean;
  /** Steps of kernel code performed. */
  readonly steps: number;
}

/** A step on more blocks than this is not held to "a failed operation restores the state": a look costs as much as the machine is large. */
const RESTORE_LIMIT = 64;

/** Steps that set the scene: what they break is given, not found. */
const GIVEN: ReadonlySet<string> = new Set(['use', 'fail', 'lose_resource', 'system_state']);

/** A program that fails half-way is no operation of the kernel that failed. */
const PROGRAMS: ReadonlySet<string> = new Set(['ndctl', 'daxctl', 'nvdimm', 'nvdimm_move']);

/**
 * What a virtio-mem device has plugged. A request is many operations, and those done stay done when a later one fails: it has
 * to restore something only when it did nothing.
 */
const plugged_size = ({ kind, step }: ScenarioStep, { state }: Session): number | undefined =>
  kind === 'virtio_mem_request' ? state.virtio_mem.get(step.device)?.plugged_size : undefined;

/** BUGs, warnings, lock misuse and endless loops of one call. */
function failures_of(result: Result): Failure[] {
  const failures: Failure[] = event_failures(result.events);
  for (const where of result.signalled)
    failures.push({
      kind: 'hang',
      subjects: { function: where },
      text: `${where} loops until a signal ends it`,
    });
  return failures;
}

const message_of = (event: Result['events'][number]): string => {
  if (event.kind === 'printk' || event.kind === 'lock') return event.text;
  return `${event.kind === 'bug' ? 'kernel BUG' : 'WARNING'} at ${event.where}${event.text ? `: ${event.text}` : ''}`;
};

const result_text = (result: Result): string =>
  result.ended === 'bug' ? 'BUG' : result.ended === 'deadlock' ? 'deadlock' : (result.errno ?? 'success');

/** The answer to a question. */
const answer = ({ kind }: ScenarioStep, { ret }: Result): string | null =>
  kind === 'consume' && ret !== null ? (ret ? 'yes' : 'no') : null;

/** What a scenario expects and does not get. */
const unexpected = (what: string, subjects: Omit<Subjects, 'what'>, text: string): Failure => ({
  kind: 'expectation',
  subjects: { what, ...subjects },
  text,
});

/** A file is one of a memory block: its number, else null. */
function block_of(path: string): number | null {
  const nr = /\/memory(\d+)(?:\/|$)/.exec(path)?.[1];
  return nr === undefined ? null : Number(nr);
}

/** The file of an expect step against what it should read; null when it does. */
function expectation(session: Session, { kind, step }: ScenarioStep, ret: number | null): Failure | null {
  if (kind === 'kpageflags') {
    const size = (bytes(step.size) / session.kernel.c.PAGE_SIZE) * 8;
    const path = '/proc/kpageflags';
    const text = `${path} gives ${ret} bytes, expected ${size}`;
    return ret === size ? null : unexpected('bytes of a file', { path, found: ret, expected: size }, text);
  }
  if (kind === 'consume') {
    if (ret === null || step.gives === undefined) return null;
    const gave = ret ? 'yes' : 'no';
    if (step.gives === gave) return null;
    const { asks } = consumers[step.consumer];
    const pa = bytes(step.start);
    return unexpected(
      asks,
      { function: step.consumer, pa, found: gave, expected: step.gives },
      `${step.consumer}(${hex(pa)}): ${asks}? ${gave}, expected ${step.gives}`,
    );
  }
  if (kind === 'page') {
    const says = page_says(session, bytes(step.start));
    const wrong = (['valid', 'online', 'memmap'] as const).filter(
      (name) => step[name] !== undefined && step[name] !== says[name],
    );
    const text = wrong.map((name) => `${name} is ${says[name]}, expected ${step[name]}`).join(', ');
    const pa = bytes(step.start);
    return wrong.length
      ? unexpected(`page: ${wrong.join(', ')}`, { pa }, `page at ${hex(pa)}: ${text}`)
      : null;
  }
  if (kind !== 'expect') return null;
  const entry = session.read(step.path);
  const block = block_of(step.path);
  const found = entry === null ? null : entry.kind === 'file' ? entry.text : entry.kind;
  const same =
    found === null || step.text === null ? found === step.text : found.trimEnd() === step.text.trimEnd();
  if (same) return null;
  return unexpected(
    'file',
    { path: step.path, found, expected: step.text, ...(block === null ? {} : { block }) },
    `${step.path} reads ${JSON.stringify(found)}, expected ${JSON.stringify(step.text)}`,
  );
}

interface Expected {
  readonly expect?: string | undefined;
  readonly message?: string | undefined;
  readonly ost?: readonly number[] | undefined;
  readonly warning?: string | undefined;
}

/** A warning is its function and what it says. */
const says = ({ subjects }: Failure, text: string): boolean =>
  (subjects.function ?? '').includes(text) || (subjects.message ?? '').includes(text);

/** Failures without the warning that the step says comes with it; one that does not come is a failure itself. */
function without_expected({ warning }: Expected, failures: readonly Failure[]): Failure[] {
  if (warning === undefined) return [...failures];
  const others = failures.filter((failure) => failure.kind !== 'warn' || !says(failure, warning));
  if (others.length < failures.length) return others;
  const text = `no warning says ${JSON.stringify(warning)}`;
  return [...others, unexpected('warning', { message: warning }, text)];
}

function judge(
  expected: Expected,
  result: string,
  ost: readonly number[] | null,
  messages: readonly string[],
): Failure[] {
  const wrong: Failure[] = [];
  const want = expected.expect ?? 'success';
  if (want !== 'any' && want !== result)
    wrong.push(
      unexpected('result', { found: result, expected: want }, `result is ${result}, expected ${want}`),
    );
  if (expected.ost && expected.ost.join() !== (ost ?? []).join()) {
    const found = (ost ?? []).join();
    const should = expected.ost.join();
    wrong.push(
      unexpected('OST codes', { found, expected: should }, `OST codes are ${found}, expected ${should}`),
    );
  }
  const { message } = expected;
  if (message !== undefined && !messages.some((text) => text.includes(message))) {
    wrong.push(unexpected('message', { message }, `no message says ${JSON.stringify(message)}`));
  }
  return wrong;
}

/** Runs something for a step; an operation that cannot be done as written is told with the step's place. */
function placed({ file, lines }: Scenario, index: number): <T>(run: () => T) => T {
  return (run) => {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof BadOperation)) throw error;
      const line = lines[index] === undefined ? '' : `line ${lines[index]} `;
      throw new BadOperation(`${file}: ${line}steps[${index}]: ${error.message}`);
    }
  };
}

/** What any failure of a step is about. */
function subjects_of({ kind, step }: ScenarioStep, { state, kernel: { c } }: Session): Subjects {
  if (kind !== 'consume' && kind !== 'page') return { operation: kind };
  const pa = bytes(step.start);
  const map = state.mem_section.get(Math.floor(pa / c.SECTION_SIZE))?.section_mem_map ?? 0;
  if (kind === 'page')
    return {
      operation: kind,
      pa,
      // of what one leaf of the memmap is
      level: c.PAGE_SHIFT === 12 ? 'PMD' : 'PTE',
      state: map & SECTION_HAS_MEM_MAP ? 'section valid' : 'section not valid',
    };
  const pfn = Math.floor(pa / c.PAGE_SIZE);
  const page = state.pages.get(pfn);
  const zone = page_zonenum(page);
  const uncached = zone === c.ZONE_DEVICE ? state.memtype_rbroot.get(pfn) !== PCM.WB : page & PG_uncached;
  const cached = uncached ? 'uncached' : 'cached';
  return {
    operation: kind,
    pa,
    zone: c.zones[zone] ?? 'none',
    state: map & SECTION_IS_ONLINE ? `${cached}, in an online section` : cached,
  };
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
  let known = new Set((check ? violations(state, kernel.c) : []).map(failure_key));
  let before = summarize(state, kernel);
  let tables = state.table_pages;
  for (const [index, step] of scenario.steps.entries()) {
    const failures: Failure[] = [];
    const messages: string[] = [];
    let shown: Result = NONE;
    let steps = 0;
    const place = placed(scenario, index);
    const todo = place(() => calls(session, step));
    const restore = check && todo.count <= RESTORE_LIMIT && !PROGRAMS.has(step.kind);
    for (const run of todo.runs) {
      const snapshot = restore ? observable(state) : [];
      const plugged = plugged_size(step, session);
      const result = place(run);
      steps += result.steps;
      messages.push(...result.events.map(message_of));
      failures.push(...failures_of(result));
      if (result.ret !== null && result.ret < 0) {
        const whole = restore && plugged === plugged_size(step, session);
        const left = whole ? changed_lines(snapshot, observable(state)) : [];
        if (left.length && !result.ost) failures.push(not_restored(left));
      }
      if (shown.errno === null) shown = result;
      if (result.errno !== null || result.ended !== 'returned') break;
    }
    const now = check ? violations(state, kernel.c) : [];
    if (!GIVEN.has(step.kind)) {
      failures.push(...now.filter((failure) => !known.has(failure_key(failure))));
    }
    known = new Set(now.map(failure_key));
    const after = summarize(state, kernel);
    const text = result_text(shown);
    const wrong = [...judge(step.step as Expected, text, shown.ost ?? null, messages)];
    const misread = expectation(session, step, shown.ret);
    if (misread) wrong.push(misread);
    failures.push(...wrong);
    const about = failures.length > 0 ? subjects_of(step, session) : {};
    const expected = without_expected(step.step as Expected, failures);
    yield {
      index,
      operation: todo.count > 1 ? `${todo.text} … (${todo.count} blocks)` : todo.text,
      result: misread ? 'differs' : (answer(step, shown) ?? text),
      ret: shown.ret,
      ost: shown.ost ?? null,
      messages,
      changes: changes(before, after),
      tables: table_changes(tables, state.table_pages),
      failures: expected.map((failure) => ({ ...failure, subjects: { ...about, ...failure.subjects } })),
      unexpected: wrong.length > 0,
      steps,
    };
    before = after;
    tables = state.table_pages;
  }
}
