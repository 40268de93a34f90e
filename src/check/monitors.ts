import type { KernelWorld } from '../interleave/machine.ts';
import type { Config } from '../kernel/config.ts';
import type { State } from '../kernel/state.ts';
import { violations } from '../monitors/hotplug/index.ts';
import { flightMonitor, tableMonitors } from '../monitors/mmu/index.ts';
import { deadlock, livelock, lockOrder } from '../schedule/monitors/index.ts';
import type { Monitor } from '../schedule/monitors/monitor.ts';
import type { View } from '../schedule/semantics/view.ts';
import { type Failure, failureKey } from '../steps/failure.ts';

/** Faults by which an execution goes wrong, each a monitor of its own, named as failures are. */
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

/** What must hold between operations must hold once all threads have ended, unless it did not before they began. */
function invariants(state: State, c: Config, partial: readonly string[]): Monitor {
  const before = new Set(violations(state, c).map(failureKey));
  const newOne = (failure: Failure): boolean =>
    !before.has(failureKey(failure)) && !partial.includes(failure.subjects.invariant ?? '');
  return {
    name: 'invariant',
    end: (view: View) => violations(view.world<KernelWorld>().state, c).find(newOne),
  };
}

/** What is watched only where the entry is about it: all releases before v5.4 have something of the kind. */
const byName: Readonly<Record<string, (c: Config) => Monitor>> = { 'in-flight': flightMonitor };

/** All that is watched while threads of a kernel run at the same time, in an entry that fails as `kind` says. */
export const threadMonitors = (
  state: State,
  c: Config,
  { kind, partial }: { readonly kind: string | undefined; readonly partial: readonly string[] },
): readonly Monitor[] => [
  ...faults,
  deadlock,
  livelock,
  lockOrder(),
  ...(state.mmu ? Object.values(tableMonitors(c)).filter(({ name }) => !partial.includes(name)) : []),
  ...(kind !== undefined && Object.hasOwn(byName, kind) ? [byName[kind]!(c)] : []),
  invariants(state, c, partial),
];

/** Of these, one that objects to nothing but failures of this kind that are meant. */
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
