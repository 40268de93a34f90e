import type { Steps } from '../steps/step.ts';
import { add, lock, R, trylock, unlock } from './ops.ts';

/** Locks of drivers/base/core.c, fs/kernfs/dir.c, mm/memory_hotplug.c and include/linux/mmzone.h. */

export function* lock_device_hotplug(): Steps<void> {
  yield* lock('device_hotplug_lock', 'mutex');
}
export function* unlock_device_hotplug(): Steps<void> {
  yield* unlock('device_hotplug_lock', 'mutex');
}

/**
 * For writes to sysfs files. They must not sleep on the lock: its holder may be removing the file, and waits for writes
 * to it. False: the write restarts.
 */
export function* lock_device_hotplug_sysfs(): Steps<boolean> {
  return yield* trylock('device_hotplug_lock', 'mutex');
}

/** Active references of a memory block's files. They can be taken until removal begins to wait for those in use. */
export function* kernfs_get_active(block: number): Steps<boolean> {
  return yield* trylock(`kn->active memory${block}`, 'rwsem', 'read');
}
export function* kernfs_put_active(block: number): Steps<void> {
  yield* unlock(`kn->active memory${block}`, 'rwsem', 'read');
}
/** Those in use are waited for, and no more can be taken. */
export function* kernfs_deactivate(block: number): Steps<void> {
  yield* lock(`kn->active memory${block}`, 'rwsem');
}
/** The same if none is in use; else false. */
export function* kernfs_deactivate_unused(block: number): Steps<boolean> {
  return yield* trylock(`kn->active memory${block}`, 'rwsem');
}
export function* kernfs_drained(block: number): Steps<void> {
  yield* unlock(`kn->active memory${block}`, 'rwsem');
}

export function* mem_hotplug_begin(): Steps<void> {
  yield* lock('cpu_hotplug_lock', 'percpu_rwsem', 'read');
  yield* lock('mem_hotplug_lock', 'percpu_rwsem');
}
export function* mem_hotplug_done(): Steps<void> {
  yield* unlock('mem_hotplug_lock', 'percpu_rwsem');
  yield* unlock('cpu_hotplug_lock', 'percpu_rwsem', 'read');
}

export function* get_online_mems(): Steps<void> {
  yield* lock('mem_hotplug_lock', 'percpu_rwsem', 'read');
}
export function* put_online_mems(): Steps<void> {
  yield* unlock('mem_hotplug_lock', 'percpu_rwsem', 'read');
}

export function* zone_lock(zone: number): Steps<void> {
  yield* lock(`zone->lock ${zone}`, 'spinlock');
}
export function* zone_unlock(zone: number): Steps<void> {
  yield* unlock(`zone->lock ${zone}`, 'spinlock');
}

export function* rcu_read_lock(): Steps<void> {
  yield* lock('rcu', 'rcu', 'read');
}
export function* rcu_read_unlock(): Steps<void> {
  yield* unlock('rcu', 'rcu', 'read');
}
/** Read sections of all flavours are of one RCU since v4.20. */
export function* rcu_read_lock_sched(): Steps<void> {
  yield* lock('rcu', 'rcu', 'read');
}
export function* rcu_read_unlock_sched(): Steps<void> {
  yield* unlock('rcu', 'rcu', 'read');
}

/** pgdat_resize_lock: mm/memory_hotplug.c takes it in v5.2..v5.10. */
export function* pgdat_resize_lock(nid: number): Steps<void> {
  yield* lock(`pgdat->node_size_lock ${nid}`, 'spinlock');
}
export function* pgdat_resize_unlock(nid: number): Steps<void> {
  yield* unlock(`pgdat->node_size_lock ${nid}`, 'spinlock');
}

/** The seqlock of a zone's span. Writers take it in v5.2..v5.10 (27cacaad16c5, v5.14, drops it); readers still do. */
export function* zone_span_writelock(zone: number): Steps<void> {
  yield* lock(`zone->span_seqlock ${zone}`, 'spinlock');
  yield* add('zone', zone, 'span_seq', 1);
}
export function* zone_span_writeunlock(zone: number): Steps<void> {
  yield* add('zone', zone, 'span_seq', 1);
  yield* unlock(`zone->span_seqlock ${zone}`, 'spinlock');
}

/** Waits for a writer to finish, as read_seqbegin() does by spinning. */
export function* zone_span_seqbegin(zone: number): Steps<number> {
  yield* lock(`zone->span_seqlock ${zone}`, 'spinlock');
  const seq = yield* R('zone', zone, 'span_seq');
  yield* unlock(`zone->span_seqlock ${zone}`, 'spinlock');
  return seq;
}
export function* zone_span_seqretry(zone: number, seq: number): Steps<boolean> {
  return (yield* R('zone', zone, 'span_seq')) !== seq;
}
