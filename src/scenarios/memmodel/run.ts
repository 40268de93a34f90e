import { boot_memmodel, type MemMachine, type MemModel } from '../../boot/memmodel.ts';
import { order_of } from '../../kernel/mm/hugetlb/hstate.ts';
import { is_classic } from '../../kernel/mm/memmodel/config.ts';
import { pfn_to_pointer } from '../../kernel/mm/memmodel/memory_model.ts';
import { COUNT_SHIFT, PG_locked, type Stray } from '../../kernel/mm/memmodel/world.ts';
import type { MemRelease } from '../../releases/memmodel.ts';
import { type Event, type Outcome, Runner } from '../../schedule/run.ts';
import { errno_name } from '../../steps/errno.ts';
import type { Steps } from '../../steps/step.ts';
import { BadOperation } from '../session.ts';
import { copied, sections, singles, tails, zeroed } from './checks.ts';
import { first_of_each, picture, stray_text } from './picture.ts';
import type { MemScenario } from './read.ts';
import type { MemScenarioFile, MemStep } from './schema.ts';

export interface MemFailure {
  readonly kind: NonNullable<MemScenarioFile['failure']>['kind'];
  /** In one line or, with a picture, in several. */
  readonly text: string;
}

export interface MemOutcome {
  readonly index: number;
  readonly operation: string;
  /** success, an errno, BUG; unusable: the pages cannot become a huge page. */
  readonly result: string;
  readonly ret: number | null;
  readonly messages: readonly string[];
  /** The loops taken, helpers called, and what a benign placement hides. */
  readonly notes: readonly string[];
  readonly failures: readonly MemFailure[];
  readonly strays: readonly Stray[];
  /** Steps of kernel code performed. */
  readonly steps: number;
}

const hex = (n: number): string => `0x${n.toString(16)}`;

/** Runs the steps of a scenario on a release, one after the other. @throws BadOperation for one that cannot be done */
export function* run_mem_scenario(
  scenario: Pick<MemScenario, 'file' | 'machine' | 'steps'>,
  release: MemRelease,
): Generator<MemOutcome> {
  const session = new MemSession(boot_memmodel(scenario.machine, release));
  const shadow = hidden(scenario.machine)
    ? new MemSession(boot_memmodel(unkind(scenario.machine), release))
    : null;
  for (const [index, step] of scenario.steps.entries()) {
    const outcome = placed(scenario.file, index, () => session.step(index, step));
    const other = shadow?.step(index, step);
    yield other && !astray(outcome) && astray(other) ? benign(outcome, other) : outcome;
  }
}

const astray = (outcome: MemOutcome): boolean => outcome.strays.length > 0;

/** Neighbours by luck: the same on a machine where something else lies between tells what the luck hides. */
const hidden = (machine: MemMachine): boolean =>
  machine.memmap === 'adjacent' && is_classic(machine.memory_model);
const unkind = (machine: MemMachine): MemMachine => ({ ...machine, memmap: 'foreign' });

const benign = (outcome: MemOutcome, other: MemOutcome): MemOutcome => ({
  ...outcome,
  notes: [
    ...outcome.notes,
    `benign placement: the memmaps lie side by side and hide a bug; with "memmap: foreign" ${other.failures.find((f) => f.kind === 'access')!.text.split('\n')[0]}`,
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

/** A call to be made, how a person would write it, and what must hold after it. */
interface Call {
  readonly text: string;
  readonly thread: () => Steps<unknown>;
  readonly after?: () => Iterable<string>;
  /** Sections may come and go. */
  readonly sections?: true;
  /** Order of the huge page, where the path taken matters. */
  readonly order?: number;
}

/** A kernel and its struct pages, being operated. */
export class MemSession {
  readonly #model: MemModel;

  constructor(model: MemModel) {
    this.#model = model;
  }

  step(index: number, { kind, step }: MemStep): MemOutcome {
    const { world, kernel } = this.#model;
    world.strays.length = 0;
    world.calls.clear();
    const call = this.#call({ kind, step } as MemStep);
    const known = new Set(call.sections ? this.#invariants() : []);
    const outcome = new Runner(world).run(call.thread());
    const strays = [...world.strays];
    const failures = [...failures_of(outcome), ...this.#astray(strays)];
    const ret = typeof outcome.value === 'number' ? outcome.value : outcome.value === false ? -1 : 0;
    const refused = outcome.value === false ? 'unusable' : ret < 0 ? errno_name(ret) : null;
    const result = outcome.ended === 'bug' ? 'BUG' : (refused ?? 'success');
    if (result === 'success') {
      for (const text of call.after?.() ?? []) failures.push({ kind: 'contents', text });
      failures.push(...this.#cost(call.order));
    }
    for (const text of call.sections ? this.#invariants() : [])
      if (!known.has(text)) failures.push({ kind: 'invariant', text });
    const messages = [...(index === 0 ? this.#model.messages : []), ...outcome.events.map(message_of)];
    failures.push(...unexpected(step, result, messages));
    return {
      index,
      operation: call.text,
      result,
      ret: outcome.ended === 'bug' ? null : ret,
      messages,
      notes: paths(world.calls, kernel.c.MAX_ORDER_NR_PAGES),
      failures,
      strays,
      steps: outcome.steps,
    };
  }

  #call({ kind, step }: MemStep): Call {
    const { kernel: k, world } = this.#model;
    const { c } = k;
    const pfn_of = (at: number): number => {
      if (at % c.PAGE_SIZE) throw new BadOperation(`${hex(at)} is no multiple of the page size`);
      return at / c.PAGE_SIZE;
    };
    const pointer = (at: number): number => {
      const page = world.places.get(pfn_to_pointer(world, c, pfn_of(at)) ?? 0);
      if (typeof page !== 'number') throw new BadOperation(`${hex(at)} has no struct page`);
      return pfn_to_pointer(world, c, pfn_of(at))!;
    };
    const order = (size: number): number => {
      const n = order_of(c, size);
      if (!Number.isInteger(n) || n < 1) throw new BadOperation(`${hex(size)} is no size of a huge page`);
      return n;
    };
    const at = (start: number, size: number): string => `${hex(start)}+${hex(size)}`;
    switch (kind) {
      case 'hugepagesz':
        return { text: `hugepagesz=${step.size}`, thread: () => k.hugepagesz(step.size) };
      case 'prep': {
        const [page, n] = [pointer(step.start), order(step.size)];
        return {
          text: `gather_bootmem_prealloc ${at(step.start, step.size)}`,
          thread: () => k.gather_bootmem_prealloc(page, n),
          after: () => tails(world, c, pfn_of(step.start), 2 ** n),
          order: n,
        };
      }
      case 'clear': {
        const [page, n] = [pointer(step.start), order(step.size)];
        return {
          text: `hugetlb_no_page ${at(step.start, step.size)}`,
          thread: () => k.hugetlb_no_page(page, n),
          after: () => zeroed(world, pfn_of(step.start), 2 ** n),
          order: n,
        };
      }
      case 'copy': {
        const [dst, src, n] = [pointer(step.to), pointer(step.from), order(step.size)];
        return {
          text: `hugetlb_cow ${at(step.from, step.size)} to ${hex(step.to)}`,
          thread: () => k.hugetlb_cow(dst, src, n),
          after: () => copied(world, pfn_of(step.to), pfn_of(step.from), 2 ** n),
          order: n,
        };
      }
      case 'follow': {
        const page = pointer(step.start);
        if (step.offset + step.length > step.size)
          throw new BadOperation(
            `${at(step.offset, step.length)} reaches past the page of ${hex(step.size)}`,
          );
        const [first, n] = [pfn_of(step.offset), pfn_of(step.length)];
        return {
          text: `get_user_pages ${at(step.offset, step.length)} of the page at ${hex(step.start)}`,
          thread: () => k.follow_hugetlb_page(page, first, n),
        };
      }
      case 'free': {
        const [page, n] = [pointer(step.start), order(step.size)];
        return {
          text: `update_and_free_page ${at(step.start, step.size)}`,
          thread: () => k.update_and_free_page(page, n),
          after: () => singles(world, pfn_of(step.start), 2 ** n),
        };
      }
      case 'hold':
      case 'lock': {
        const [first, n] = [pfn_of(step.start), pfn_of(step.size)];
        pointer(step.start);
        return {
          text: `${kind === 'hold' ? 'one more reference to' : 'locked:'} ${at(step.start, step.size)}`,
          *thread() {
            world.pages.update(first, first + n, (word) =>
              kind === 'hold' ? word + (1 << COUNT_SHIFT) : word | PG_locked,
            );
          },
        };
      }
      case 'add':
      case 'remove':
      case 'memory_present':
        return this.#section_call(kind, step.start, step.size, 'node' in step ? step.node : 0);
      case 'pfn_valid':
        return {
          text: `pfn_valid(${hex(pfn_of(step.start))})`,
          *thread() {
            return (yield* k.pfn_valid(pfn_of(step.start))) === step.is ? 0 : -k.errno.EINVAL;
          },
        };
    }
  }

  /** The parts of a range that lie in one section each, one after the other. */
  #section_call(kind: 'add' | 'remove' | 'memory_present', start: number, size: number, nid: number): Call {
    const { kernel: k } = this.#model;
    const { c } = k;
    const unit =
      (c.memory_model === 'SPARSEMEM_VMEMMAP' ? c.PAGES_PER_SUBSECTION : c.PAGES_PER_SECTION) * c.PAGE_SIZE;
    if (!('section_activate' in k) || !c.memory_model.startsWith('SPARSEMEM'))
      throw new BadOperation(
        `not modelled: sections that come and go with ${c.memory_model} on ${k.release}`,
      );
    if (start % unit || size % unit || size === 0)
      throw new BadOperation(`${hex(start)}+${hex(size)} is no multiple of ${hex(unit)}`);
    const parts = function* (): Generator<readonly [number, number]> {
      for (let pfn = start / c.PAGE_SIZE; pfn < (start + size) / c.PAGE_SIZE; ) {
        const end = Math.min(
          (start + size) / c.PAGE_SIZE,
          pfn - (pfn % c.PAGES_PER_SECTION) + c.PAGES_PER_SECTION,
        );
        yield [pfn, end - pfn];
        pfn = end;
      }
    };
    const name = {
      add: 'sparse_add_section',
      remove: 'section_deactivate',
      memory_present: 'memory_present',
    }[kind];
    return {
      text: `${name} ${hex(start)}+${hex(size)}`,
      sections: true,
      *thread() {
        for (const [pfn, n] of parts()) {
          if (kind === 'remove') yield* k.section_deactivate(pfn, n);
          else if (kind === 'memory_present')
            yield* k.memory_present(Math.floor(pfn / c.PAGES_PER_SECTION), nid);
          else {
            const ret = yield* k.sparse_add_section(nid, pfn, n);
            if (ret < 0) return ret;
          }
        }
        return 0;
      },
    };
  }

  #invariants(): string[] {
    const { world, kernel } = this.#model;
    const valid = (pfn: number): boolean => new Runner(world).run(kernel.pfn_valid(pfn)).value === true;
    return [...sections(world, kernel.c, valid)];
  }

  /** One failure for all accesses of a step that went astray, with the picture. */
  #astray(strays: readonly Stray[]): MemFailure[] {
    if (strays.length === 0) return [];
    const { world, kernel } = this.#model;
    const told = first_of_each(strays);
    const pages = strays.reduce((sum, { n }) => sum + n, 0);
    const more = strays.length - told.length;
    const rest = more > 0 ? `; ${more} more such, ${pages} pages in all` : '';
    const text = told.map((stray) => stray_text(world, stray)).join('; ');
    const lines = [`${text}${rest}`, ...picture(world, kernel.c, strays)];
    return [{ kind: 'access', text: lines.join('\n') }];
  }

  /** B94: nothing is wrong but the loop that was taken. */
  #cost(order: number | undefined): MemFailure[] {
    const { world, kernel } = this.#model;
    if (order === undefined || order >= kernel.c.MAX_ORDER) return [];
    const loop = [...world.calls.keys()].find((name) => name.includes('gigantic'));
    if (loop === undefined) return [];
    const branches = world.calls.get('mem_map_next') ?? 0;
    const text = `an ordinary huge page of ${2 ** order} pages takes ${loop}: ${branches} calls of mem_map_next too many, no wrong access`;
    return [{ kind: 'cost', text }];
  }
}

const HELPERS: ReadonlySet<string> = new Set(['mem_map_next']);

/** "took clear_huge_page, clear_gigantic_page; mem_map_next called 4 times, 2 of them at a boundary" */
function paths(calls: ReadonlyMap<string, number>, M: number): string[] {
  const loops = [...calls.keys()].filter((name) => !HELPERS.has(name));
  const next = calls.get('mem_map_next');
  const helpers = next === undefined ? '' : `; mem_map_next called ${next} times (boundary every ${M} pages)`;
  return loops.length ? [`took ${loops.join(', ')}${helpers}`] : [];
}

const failures_of = (outcome: Outcome<unknown>): MemFailure[] =>
  outcome.events.flatMap((event): MemFailure[] => {
    if (event.kind !== 'bug' && event.kind !== 'warn') return [];
    const what = event.kind === 'bug' ? 'BUG' : 'WARNING';
    return [{ kind: event.kind, text: `${what} at ${event.where}${event.text ? `: ${event.text}` : ''}` }];
  });

const message_of = (event: Event): string =>
  event.kind === 'printk' || event.kind === 'lock'
    ? event.text
    : `${event.kind === 'bug' ? 'kernel BUG' : 'WARNING'} at ${event.where}${event.text ? `: ${event.text}` : ''}`;

function unexpected(step: object, result: string, messages: readonly string[]): MemFailure[] {
  const { expect, message } = step as { expect?: string; message?: string };
  const failures: MemFailure[] = [];
  const want = expect ?? 'success';
  if (want !== 'any' && want !== result)
    failures.push({ kind: 'expectation', text: `result is ${result}, expected ${want}` });
  if (message !== undefined && !messages.some((text) => text.includes(message)))
    failures.push({ kind: 'expectation', text: `no message says ${JSON.stringify(message)}` });
  return failures;
}
