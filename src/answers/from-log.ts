import type { Session } from '../scenarios/running/session.ts';

/** Messages that are printed once, and the functions that print them. */
const ONCE: readonly (readonly [RegExp, string])[] = [
  [/\] potential offnode page_structs$/m, 'vmemmap_verify'],
  [/Unknown online node for memory at 0x[\da-f]+, assuming node 0$/m, 'memory_add_physaddr_to_nid'],
];

/**
 * What only the kernel's log tells. policy_zone, the highest zone but Movable that ever had memory, is printed whenever the
 * zonelists are built: the last such line counts. A WARN_ON_ONCE() that has fired is silent from then on, and so
 * is a message that is printed once.
 */
export function readLog({ state, kernel }: Session, log: string): void {
  let zone = -1;
  for (const [, name] of log.matchAll(/Policy zone: (\w+)/g)) zone = kernel.c.zones.indexOf(name!);
  const vars = state.vars.get(0)!;
  if (zone > vars.policy_zone) vars.policy_zone = zone;
  const warned = [...log.matchAll(/WARNING: (?:CPU: \d+ PID: \d+ )?at (?:\S+:\d+ )?(\w+)\+0x/g)].map(
    ([, name]) => name!,
  );
  const printed = ONCE.filter(([message]) => message.test(log)).map(([, name]) => name);
  vars.warned = [...new Set([...vars.warned, ...warned, ...printed])];
}
