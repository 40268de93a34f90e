import { describe, expect, test } from 'vitest';
import { anything, bootedForSteps, faults, first, mapLinear } from '../../test/interleave.ts';
import { ARM64, G, K } from '../../test/kit.ts';
import { isFolded } from '../geometry/blocks.ts';
import type { LevelName } from '../geometry/translation.ts';
import {
  AP_RDONLY,
  type Descriptor,
  isBlock,
  isNone,
  isValid,
  PXN,
  UXN,
} from '../hardware/descriptor/descriptor.ts';
import { addr_end, READ_ONCE } from '../kernel/include/linux/pgtable.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { mem_hotplug_begin, mem_hotplug_done } from '../kernel/locks.ts';
import { pr_info, pr_warn } from '../kernel/ops.ts';
import { kernelStoryText } from '../report/story/story.ts';
import { canon } from '../schedule/data/canon.ts';
import type { Monitor } from '../schedule/monitors/monitor.ts';
import type { Program } from '../schedule/program/program.ts';
import type { FrameCode } from '../schedule/program/thread.ts';
import { replay } from '../schedule/replay/replay.ts';
import { decodeToken, encodeToken, replayToken } from '../schedule/replay/token.ts';
import { explore } from '../schedule/search/exploration.ts';
import type { Step, Steps } from '../steps/step.ts';
import type { Call } from '../steps/within.ts';
import type { KernelCall, KernelCalls } from './kernel-calls.ts';
import { type KernelThread, kernelProgram } from './kernel-program.ts';

const LEVELS = ['PGD', 'P4D', 'PUD', 'PMD', 'PTE'] as const satisfies readonly LevelName[];
const OFFSETS = ['pgd_offset_k', 'p4d_offset', 'pud_offset', 'pmd_offset', 'pte_offset_kernel'] as const;
const PMD = 3;
const PTE = 4;

/**
 * A walk_pXd() in progress: the address of its entry, or of its parent's entry while the pXd_offset() call is pending.
 */
interface Walk {
  readonly nr: number;
  readonly level: number;
  readonly at: 'offset' | 'entry';
  readonly p: number;
  readonly addr: number;
  readonly end: number;
}

/** ptdump_check_wx() as a frame. */
interface Check {
  readonly walks: readonly Walk[];
  /** The pXd_offset() in progress. */
  readonly call: KernelCall | null;
  /** Calls made so far: only stories need it. */
  readonly made: number;
  /** The number of writable and executable pages found. */
  readonly wx: number;
  readonly uxn: number;
  readonly told: boolean;
  readonly step: Step | undefined;
}

const onlyStep = (steps: Steps<unknown>): Step => steps.next().value as Step;

/** ptdump_check_wx(start, end) of v5.2, with a stack of its own that keeps nothing which has been used. */
class PtdumpFrames implements FrameCode<Check> {
  readonly #k: Kernel;
  readonly #calls: KernelCalls;
  readonly #range: readonly [start: number, end: number];

  constructor(k: Kernel, calls: KernelCalls, range: readonly [start: number, end: number]) {
    this.#k = k;
    this.#calls = calls;
    this.#range = range;
  }

  start(): Check {
    const [addr, end] = this.#range;
    // ptdump_check_wx() and ptdump_walk_pgd() are the first two calls
    const walks = [{ nr: 3, level: 0, at: 'offset', p: 0, addr, end }] as const;
    return this.#settled({ walks, call: null, made: 3, wx: 0, uxn: 0, told: false, step: undefined });
  }

  step(frame: Check): Step | undefined {
    return frame.step;
  }

  take(frame: Check, result: unknown): Check {
    if (frame.call) return this.#settled({ ...frame, call: this.#calls.take(frame.call, result) });
    if (frame.walks.length === 0) return { ...frame, told: true, step: undefined };
    return this.#settled(this.#looked(frame, result as Descriptor));
  }

  returned({ told, wx, uxn }: Check): unknown {
    return told ? wx === 0 && uxn === 0 : undefined;
  }

  remembers({ walks, call, wx, uxn, told }: Check): string {
    const live = walks.map(({ level, at, p, addr, end }) => [level, at, p, addr, end]);
    return canon([live, call && this.#calls.remembers(call), wx, uxn, told]);
  }

  calls({ walks }: Check): readonly Call[] {
    const outer = [{ nr: 1, fn: 'ptdump_check_wx' }];
    if (walks.length === 0) return outer;
    const own = walks.map(({ nr, level }) => ({ nr, fn: `walk_${LEVELS[level]!.toLowerCase()}` }));
    return [...outer, { nr: 2, fn: 'ptdump_walk_pgd' }, ...own];
  }

  /** The frame moved on to its next step. */
  #settled(from: Check): Check {
    for (let frame = from; ; ) {
      const top = frame.walks.at(-1);
      if (frame.call) {
        const step = this.#calls.step(frame.call);
        if (step) return { ...frame, step };
        const p = this.#calls.returned(frame.call) as number;
        const made = frame.call.after + frame.call.made;
        frame = replaced({ ...frame, call: null, made }, { ...top!, at: 'entry', p });
      } else if (!top) return { ...frame, step: this.#verdict(frame) };
      else if (top.addr === top.end) {
        const walks = frame.walks.slice(0, -1);
        const caller = walks.at(-1);
        frame = caller ? replaced({ ...frame, walks }, this.#next(caller)) : { ...frame, walks };
      } else if (top.at === 'offset') {
        const args = top.level === 0 ? [top.addr] : [top.p, top.addr];
        frame = { ...frame, call: this.#calls.begin(OFFSETS[top.level]!, args, frame.made) };
      } else if (top.level < PMD && isFolded(this.#k.c.t, LEVELS[top.level + 1]!)) frame = this.#below(frame);
      else return { ...frame, step: onlyStep(READ_ONCE(top.p)) };
    }
  }

  /** The entry has been read: a leaf is counted, a table is walked. */
  #looked(frame: Check, d: Descriptor): Check {
    const top = frame.walks.at(-1)!;
    if (top.level < PTE && !isNone(d) && !isBlock(d)) return this.#below(frame);
    const pages = isValid(d) ? (this.#end(top) - top.addr) / this.#k.c.PAGE_SIZE : 0;
    const wx = frame.wx + ((d.attr & (AP_RDONLY | PXN)) === 0 ? pages : 0);
    const uxn = frame.uxn + ((d.attr & UXN) === 0 ? pages : 0);
    return replaced({ ...frame, wx, uxn }, this.#next(top));
  }

  #below(frame: Check): Check {
    const top = frame.walks.at(-1)!;
    const made = frame.made + 1;
    const { addr, p } = top;
    const walk: Walk = { nr: made, level: top.level + 1, at: 'offset', p, addr, end: this.#end(top) };
    return { ...frame, made, walks: [...frame.walks, walk] };
  }

  #end({ level, addr, end }: Walk): number {
    return addr_end(this.#k.c.t, LEVELS[level]!, addr, end);
  }

  #next(walk: Walk): Walk {
    return { ...walk, addr: this.#end(walk), p: walk.p + 8, at: walk.level === 0 ? 'offset' : 'entry' };
  }

  #verdict({ wx, uxn }: Check): Step {
    if (wx === 0 && uxn === 0) return onlyStep(pr_info('Checked W+X mappings: passed, no W+X pages found'));
    const text = `Checked W+X mappings: FAILED, ${wx} W+X pages found, ${uxn} non-UXN pages found`;
    return onlyStep(pr_warn(text));
  }
}

/** The frame with another top of the stack. */
const replaced = (frame: Check, top: Walk): Check => ({
  ...frame,
  walks: [...frame.walks.slice(0, -1), top],
});

const PAGE = 16 * K;
const MACHINE = { ...ARM64, page_size: '16K', va_bits: 36, ram: [{ start: '1G', size: '1G' }] };

/**
 * A W+X check while a page of the linear map, alone in its table, is removed (B20): as frames, or as the kernel's own
 * code.
 */
function checking(release: string, as: 'frames' | 'generators', far = 0): Program {
  const model = bootedForSteps(release, MACHINE);
  const va = model.kernel.c.PAGE_OFFSET + 4 * G;
  const { start } = model.kernel.c.mappable_range;
  first(model, mapLinear(model.kernel, start + 4 * G, PAGE));
  const range = [va + far, va + far + 2 * PAGE] as const;
  const checker: KernelThread =
    as === 'frames'
      ? { frames: (k, calls) => new PtdumpFrames(k, calls, range) }
      : (k) => k.ptdump_check_wx(...range);
  return kernelProgram(`check and removal on ${release}`, model, {
    checker,
    *remover(k: Kernel): Steps<void> {
      yield* mem_hotplug_begin();
      yield* k.__remove_pgd_mapping(va, PAGE);
      yield* mem_hotplug_done();
    },
  });
}

const both = (release: string, monitors: readonly Monitor[], far?: number) => {
  const [frames, generators] = (['frames', 'generators'] as const).map((as) => {
    const program = checking(release, as, far);
    return {
      program,
      verdict: explore(program)
        .only(...monitors)
        .states()
        .verdict(),
    };
  });
  return { frames: frames!, generators: generators! };
};

describe.each(['use-after-free', 'wild-access'])(
  'a thread of frames beside one of generators: %s',
  (kind) => {
    const { frames, generators } = both('arm64-v5', [faults(kind)]);
    if (frames.verdict.verdict !== 'violated' || generators.verdict.verdict !== 'violated')
      throw new Error(`${frames.verdict.verdict}, ${generators.verdict.verdict}`);
    const { violation, trace, preemptions } = frames.verdict;

    test('fails as its generator does', () => {
      expect({ violation, trace, preemptions }).toEqual({
        violation: generators.verdict.verdict === 'violated' && generators.verdict.violation,
        trace: generators.verdict.verdict === 'violated' && generators.verdict.trace,
        preemptions: 1,
      });
      expect(violation.monitor).toBe(kind);
    });

    test('is told to the byte as its generator is, functions and all', () => {
      const [own, other] = [frames, generators].map(({ program }) =>
        kernelStoryText(replay(program, trace, [faults(kind)])),
      );
      expect(own).toBe(other);
      expect(own).toContain('pte_offset_kernel() < walk_pte()');
    });

    test('has the same token, and each replays what the other recorded', () => {
      const tokens = [frames, generators].map(({ program }) => encodeToken(program, trace));
      expect(tokens[0]).toBe(tokens[1]);
      const recorded = decodeToken(tokens[0]!);
      const [own, other] = [frames, generators].map(
        ({ program }) => replayToken(program, recorded, [faults(kind)]).violation,
      );
      expect(own).toEqual(other);
      expect(own?.monitor).toBe(kind);
    });

    test('forgets what it has used: no more states than its generator', () => {
      expect(frames.verdict.stats.states).toBeLessThanOrEqual(generators.verdict.stats.states);
    });
  },
);

test.each([['arm64-v5', 2 * G]])(
  '%s: where nobody removes, both are proved, and both say what they found',
  (release, far) => {
    const { frames, generators } = both(release, [anything], far);
    expect([frames.verdict.verdict, generators.verdict.verdict]).toEqual(['proved', 'proved']);
    expect([frames.verdict.stats.states, generators.verdict.stats.states]).toEqual([4161, 4161]);
  },
);
