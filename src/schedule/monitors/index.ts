import { bugs } from './bug.ts';
import { deadlock } from './deadlock.ts';
import { doubleFree } from './double-free.ts';
import { lockMisuse } from './lock-misuse.ts';
import type { Monitor } from './monitor.ts';
import { useAfterFree } from './use-after-free.ts';

export { bugs, warnings } from './bug.ts';
export { deadlock } from './deadlock.ts';
export { doubleFree } from './double-free.ts';
export { always, atEnd } from './invariant.ts';
export { leak } from './leak.ts';
export { livelock } from './livelock.ts';
export { lockMisuse } from './lock-misuse.ts';
export { lockOrder } from './lock-order.ts';
export { useAfterFree } from './use-after-free.ts';

/**
 * Failures of any program, whatever it is about. Leaks, lock order, warnings and invariants must be asked for by name.
 */
export const standardMonitors: readonly Monitor[] = [useAfterFree, doubleFree, lockMisuse, bugs, deadlock];
