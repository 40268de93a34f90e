import {
  get_online_mems,
  put_online_mems,
  rcu_read_lock_sched,
  rcu_read_unlock_sched,
} from '../../../kernel/locks.ts';
import { PTL } from '../../../kernel/mm/memory/pgalloc.ts';
import { lock, trylock, unlock } from '../../../kernel/ops.ts';
import type { LockMode } from '../../../steps/step.ts';
import { plainName } from '../../program.ts';
import { ZERO } from '../../values.ts';
import { LOCKS, MMAP_LOCK } from '../locks.ts';
import type { Site } from '../site.ts';
import { lockOfZone } from '../zones.ts';
import { answers, type External, type Externals, kernel } from './external.ts';

/** The name of the semaphore at a pointer. */
function semaphoreOf(site: Site): string {
  const place = site.place(site.args[0]!);
  const ofInitMm =
    place.kind === 'variable' &&
    place.name === 'init_mm' &&
    place.offset === site.program.member('mm_struct', 'mmap_lock').offset;
  return ofInitMm ? MMAP_LOCK : site.stop('a semaphore that is not of init_mm');
}

const locksSemaphore = (mode: LockMode): External =>
  kernel(function* (_k, _args, site) {
    const name = semaphoreOf(site);
    yield* lock(name, 'rwsem', mode);
    if (mode === 'write') site.written.add(name);
    return undefined;
  });

const unlocksSemaphore = (mode: LockMode): External =>
  kernel(function* (_k, _args, site) {
    const name = semaphoreOf(site);
    yield* unlock(name, 'rwsem', mode);
    site.written.delete(name);
    return undefined;
  });

function lockOf(site: Site): { readonly lock: string; readonly kind: 'mutex' | 'spinlock' } {
  const place = site.place(site.args[0]!);
  if (
    place.kind === 'variable' &&
    place.name === 'init_mm' &&
    place.offset === site.program.member('mm_struct', 'page_table_lock').offset
  )
    return { lock: PTL, kind: 'spinlock' };
  const ofZone = lockOfZone(site, place);
  if (ofZone !== undefined) return { lock: ofZone, kind: 'spinlock' };
  const name = place.kind === 'variable' && place.offset === 0 ? plainName(place.name) : '';
  const known = LOCKS[name];
  if (!known || (known.kind !== 'mutex' && known.kind !== 'spinlock'))
    return site.stop(`the lock ${name || 'that is no variable'}`);
  return { lock: known.lock, kind: known.kind };
}

const locks: External = {
  is: 'modelled',
  *run(site) {
    const { lock: name, kind } = lockOf(site);
    yield* lock(name, kind);
    return ZERO;
  },
};

const unlocks: External = {
  is: 'modelled',
  *run(site) {
    const { lock: name, kind } = lockOf(site);
    yield* unlock(name, kind);
    return ZERO;
  },
};

/** Locks, RCU, preemption. */
export const LOCKING: Externals = {
  mutex_lock: locks,
  mutex_unlock: unlocks,
  _raw_spin_lock: locks,
  _raw_spin_unlock: unlocks,
  // no interrupt takes a lock of the model
  _raw_spin_lock_irqsave: locks,
  _raw_spin_unlock_irqrestore: unlocks,
  __raw_spin_unlock: unlocks,
  down_read_trylock: kernel(function* (_k, _args, site) {
    return (yield* trylock(semaphoreOf(site), 'rwsem', 'read')) ? 1 : 0;
  }),
  down_read: locksSemaphore('read'),
  up_read: unlocksSemaphore('read'),
  down_write: locksSemaphore('write'),
  up_write: unlocksSemaphore('write'),
  get_online_mems: kernel(function* () {
    yield* get_online_mems();
    return undefined;
  }),
  put_online_mems: kernel(function* () {
    yield* put_online_mems();
    return undefined;
  }),
  rcu_read_lock_sched: kernel(function* () {
    yield* rcu_read_lock_sched();
    return undefined;
  }),
  rcu_read_unlock_sched: kernel(function* () {
    yield* rcu_read_unlock_sched();
    return undefined;
  }),
  // static calls of preemption
  __SCT__might_resched: answers('inert', () => 0),
  __SCT__cond_resched: answers('inert', () => 0),
  // until v5.11
  _cond_resched: answers('inert', () => 0),
};
