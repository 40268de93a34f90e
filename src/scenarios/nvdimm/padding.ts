import { boot } from '../../boot/boot.ts';
import { nd_namespace_key } from '../../kernel/state.ts';
import type { Machine } from '../../machines/machine.ts';
import type { Release } from '../../releases/index.ts';
import type { Result } from '../running/result.ts';
import { Session } from '../running/session.ts';
import { describeRegion, moveRegion } from '../steps/devices/nvdimm.ts';
import { ndctl } from './ndctl.ts';
import { runTool } from './tool.ts';

/**
 * Measures what the sub-section series (v5.3) promises. Two NVDIMM regions lie behind RAM at random places; each is one
 * fsdax namespace with its struct pages in RAM. The results are, for each region, the bytes usable for data, and the
 * state of the first namespace after the platform has moved its region within the space between RAM and the second
 * region.
 */

const SZ_2M = 2 * 2 ** 20;
const G = 2 ** 30;

export interface PlacedRegion {
  readonly start: number;
  readonly size: number;
}

/** The result for one region: bytes for data, or the refusal if there are none. */
export interface Usable {
  readonly usable: number;
  readonly errno: string | null;
  readonly message: string | null;
}

export interface RegionOutcome extends PlacedRegion {
  readonly before: Usable;
  readonly after: Usable;
}

/** The result for the first namespace when its region was moved by this many bytes after its info block was written. */
export interface MoveOutcome {
  readonly by: number;
  readonly before: boolean;
  readonly after: boolean;
}

export interface Trial {
  readonly ram_end: number;
  readonly regions: readonly RegionOutcome[];
  readonly moves: readonly MoveOutcome[];
}

export interface Padding {
  readonly before: string;
  readonly after: string;
  readonly seed: number;
  readonly trials: readonly Trial[];
}

export interface PaddingOptions {
  readonly before: Release;
  readonly after: Release;
  readonly seed: number;
  readonly trials: number;
  /** The size of the space in which the first region can be moved, in steps of 2M. */
  readonly steps: number;
}

/** mulberry32: 32 bits of state; the same numbers on every platform. */
function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const machineOf = (ramEnd: number): Machine => ({
  source: 'padding',
  arch: 'x86_64',
  page_size: 4096,
  ram: [
    { start: 0, size: 2 * G, nid: 0 },
    { start: 4 * G, size: ramEnd - 4 * G, nid: 0 },
  ],
  missing: [],
});

/** A session with the regions as placed, each configured as one namespace. */
function configured(release: Release, ramEnd: number, regions: readonly PlacedRegion[]) {
  const session = new Session(boot(machineOf(ramEnd), release));
  for (const [region, { start, size }] of regions.entries()) {
    describeRegion(session, { region, start, size, node: 0, labels: false, carved: false });
  }
  const made = regions.map((_, region): Result => {
    // v5.7 and later align regions to 16M unless told otherwise
    session.write(`/sys/bus/nd/devices/region${region}/align`, '0x200000');
    const name = `namespace${region}.0`;
    return runTool(session, ndctl, `create-namespace -f -e ${name} -m fsdax -M mem`);
  });
  return { session, made };
}

function usable(session: Session, region: number, result: Result): Usable {
  const messages = result.events.flatMap((event) =>
    event.kind === 'lock' || event.text === '' ? [] : [event.text],
  );
  const refused = { usable: 0, errno: result.errno, message: messages.at(-1) ?? null };
  if (!attached(session, region)) return refused;
  const { size, media } = session.state.nd_region.get(region)!;
  const { dataoff, start_pad, end_trunc } = media[0]!;
  return { usable: size - start_pad - end_trunc - dataoff, errno: null, message: messages.at(-1) ?? null };
}

/** Whether the namespace has its struct pages. */
function attached(session: Session, region: number): boolean {
  const ns = session.state.nd_namespace.get(nd_namespace_key(region, 0))!;
  return session.state.nd_pfn.get(ns.claim)?.bound ?? false;
}

/** Whether the first namespace works at each place from directly behind RAM to directly before the second region. */
function moved(release: Release, { ram_end, regions }: Placed, steps: number): boolean[] {
  const { session } = configured(release, ram_end, regions);
  return Array.from({ length: steps + 1 }, (_, step) => {
    const start = ram_end + step * SZ_2M;
    if (session.state.nd_region.get(0)!.start !== start) moveRegion(session, 0, start);
    return attached(session, 0);
  });
}

interface Placed {
  readonly ram_end: number;
  readonly regions: readonly PlacedRegion[];
}

/** A random place: all in multiples of 2M, as firmware aligns it; regions of 64M to 1G. */
function place(next: (below: number) => number, steps: number): Placed {
  const size = (): number => 4 * 16 * 2 ** 20 + next(480) * SZ_2M;
  const ramEnd = 5 * G + next(64) * SZ_2M;
  const first = { start: ramEnd + next(steps + 1) * SZ_2M, size: size() };
  const second = { start: ramEnd + steps * SZ_2M + first.size, size: size() };
  return { ram_end: ramEnd, regions: [first, second] };
}

export function measurePadding({ before, after, seed, trials, steps }: PaddingOptions): Padding {
  const next = random(seed);
  const all: Trial[] = [];
  for (let i = 0; i < trials; i++) {
    const placed = place(next, steps);
    const { ram_end, regions } = placed;
    const old = configured(before, ram_end, regions);
    const now = configured(after, ram_end, regions);
    const was = moved(before, placed, steps);
    const is = moved(after, placed, steps);
    all.push({
      ram_end,
      regions: regions.map((where, region) => ({
        ...where,
        before: usable(old.session, region, old.made[region]!),
        after: usable(now.session, region, now.made[region]!),
      })),
      moves: was.map((ok, step) => ({
        by: ram_end + step * SZ_2M - regions[0]!.start,
        before: ok,
        after: is[step]!,
      })),
    });
  }
  return { before: before.name, after: after.name, seed, trials: all };
}

/** How often a move by 2M made the namespace fail, and how often it restored it. */
export function changesOf(moves: readonly boolean[]): { appeared: number; vanished: number } {
  let appeared = 0;
  let vanished = 0;
  for (let i = 1; i < moves.length; i++) {
    if (moves[i - 1] && !moves[i]) appeared++;
    if (!moves[i - 1] && moves[i]) vanished++;
  }
  return { appeared, vanished };
}
