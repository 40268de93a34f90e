import type { Session } from '../scenarios/running/session.ts';

/**
 * What only the kernel's log tells. policy_zone, the highest zone but Movable that ever had memory, is printed whenever the
 * zonelists are built: the last such line counts. A WARN_ON_ONCE() that has fired is silent from then on.
 */
export function readLog({ state, kernel }: Session, log: string): void {
  let zone = -1;
  for (const [, name] of log.matchAll(/Policy zone: (\w+)/g)) zone = kernel.c.zones.indexOf(name!);
  const vars = state.vars.get(0)!;
  if (zone > vars.policy_zone) vars.policy_zone = zone;
  const warned = [...log.matchAll(/WARNING: (?:CPU: \d+ PID: \d+ )?at (?:\S+:\d+ )?(\w+)\+0x/g)].map(
    ([, name]) => name!,
  );
  vars.warned = [...new Set([...vars.warned, ...warned])];
}
