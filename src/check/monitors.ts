import type { KernelWorld } from '../interleave/machine.ts';
import type { Config } from '../kernel/config.ts';
import type { State } from '../kernel/state.ts';
import { violations } from '../monitors/hotplug/index.ts';
import { deadlock, livelock, lockOrder } from '../monitors/index.ts';
import type { Monitor } from '../schedule/monitor.ts';
import type { View } from '../schedule/view.ts';

/** Faults by which an execution goes wrong, each a monitor of its own, named as failures are. */
const FAULTS = ['use-after-free', 'wild-access', 'double-free', 'warn', 'lock-misuse', 'misuse'] as const;

const EXPECT = /^expect: /;

const faults: readonly Monitor[] = [
  ...FAULTS.map(
    (kind): Monitor => ({ name: kind, fault: (fault) => (fault.kind === kind ? fault.text : undefined) }),
  ),
  {
    name: 'bug',
    fault: ({ kind, text }) => (kind === 'bug' && !EXPECT.test(text) ? text : undefined),
  },
  {
    name: 'expectation',
    fault: ({ kind, text }) =>
      kind === 'bug' && EXPECT.test(text) ? `not so: ${text.replace(EXPECT, '')}` : undefined,
  },
];

/** What must hold between operations must hold once all threads have ended, unless it did not before they began. */
function invariants(state: State, c: Config): Monitor {
  const before = new Set(violations(state, c));
  return {
    name: 'invariant',
    end: (view: View) => violations(view.world<KernelWorld>().state, c).find((text) => !before.has(text)),
  };
}

/** All that is watched while threads of a kernel run at the same time. */
export const thread_monitors = (state: State, c: Config): readonly Monitor[] => [
  ...faults,
  deadlock,
  livelock,
  lockOrder(),
  invariants(state, c),
];

/** Of these, one that objects to nothing but a failure of this kind with this text. */
export function named_monitor(
  monitors: readonly Monitor[],
  { kind, text }: { readonly kind: string; readonly text: string },
): Monitor | undefined {
  const monitor = monitors.find(({ name }) => name === kind);
  if (!monitor) return undefined;
  const named = (said: string | undefined): string | undefined => (said?.includes(text) ? said : undefined);
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
