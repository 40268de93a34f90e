import type { KernelWorld } from '../interleave/kernel-machine.ts';
import type { Config } from '../kernel/config.ts';
import type { State } from '../kernel/state.ts';
import { violations } from '../monitors/hotplug/index.ts';
import { flightMonitor, tableMonitors } from '../monitors/mmu/index.ts';
import { deadlock, livelock, lockOrder } from '../schedule/monitors/index.ts';
import type { Monitor } from '../schedule/monitors/monitor.ts';
import type { View } from '../schedule/semantics/view.ts';
import { type Failure, failureKey } from '../steps/failure.ts';

/** Faults that end an execution with a failure. Each is a monitor of its own, named like the failure. */
const FAULTS = [
  'use-after-free',
  'wild-access',
  'double-free',
  'warn',
  'lock-misuse',
  'misuse',
  'bug',
  'expectation',
] as const;

const faults: readonly Monitor[] = FAULTS.map((kind) => ({
  name: kind,
  fault: (fault) => (fault.kind === kind ? fault : undefined),
}));

/**
 * The invariants between operations must hold once all threads have ended, unless they were already violated before the
 * threads began.
 */
function invariants(state: State, c: Config, partial: readonly string[]): Monitor {
  const before = new Set(violations(state, c).map(failureKey));
  const newOne = (failure: Failure): boolean =>
    !before.has(failureKey(failure)) && !partial.includes(failure.subjects.invariant ?? '');
  return {
    name: 'invariant',
    end: (view: View) => violations(view.world<KernelWorld>().state, c).find(newOne),
  };
}

/** Monitors used only for entries about them: all releases before v5.4 have such failures. */
const byName: Readonly<Record<string, (c: Config) => Monitor>> = { 'in-flight': flightMonitor };

/**
 * The monitors of tables that watch an entry. What a removal on x86-64 has freed and not flushed yet counts only in entries about
 * that: every removal would fail.
 */
const watchedTables = (c: Config, kind: string | undefined): readonly Monitor[] => {
  const x86 = c.arch === 'x86_64';
  const own = Object.values(tableMonitors(c)).filter(({ name }) => !x86 || name === kind);
  const others = x86 ? Object.values(tableMonitors(c, true)).filter(({ name }) => name !== kind) : [];
  return [...own, ...others];
};

/** All monitors for kernel threads that run at the same time, in an entry whose failure has the given kind. */
export const threadMonitors = (
  state: State,
  c: Config,
  { kind, partial }: { readonly kind: string | undefined; readonly partial: readonly string[] },
): readonly Monitor[] => [
  ...faults,
  deadlock,
  livelock,
  lockOrder(),
  ...(state.mmu ? watchedTables(c, kind).filter(({ name }) => !partial.includes(name)) : []),
  ...(kind !== undefined && Object.hasOwn(byName, kind) ? [byName[kind]!(c)] : []),
  invariants(state, c, partial),
];

/** Of these monitors, one that reports only the failures of this kind that the entry means. */
export function namedMonitor(
  monitors: readonly Monitor[],
  kind: string,
  meant: (failure: Failure) => boolean,
): Monitor | undefined {
  const monitor = monitors.find(({ name }) => name === kind);
  if (!monitor) return undefined;
  const named = (failure: Failure | undefined): Failure | undefined =>
    failure && meant(failure) ? failure : undefined;
  const { name, fault, stuck, spins, end, state, acquire, memory } = monitor;
  return {
    name,
    ...(fault ? { fault: (of) => named(fault.call(monitor, of)) } : {}),
    ...(stuck ? { stuck: (view) => named(stuck.call(monitor, view)) } : {}),
    ...(spins ? { spins: (...args) => named(spins.apply(monitor, args)) } : {}),
    ...(end ? { end: (view) => named(end.call(monitor, view)) } : {}),
    ...(state ? { state: (view) => named(state.call(monitor, view)) } : {}),
    ...(acquire ? { acquire: (...args) => named(acquire.apply(monitor, args)) } : {}),
    ...(memory ? { memory } : {}),
  };
}
