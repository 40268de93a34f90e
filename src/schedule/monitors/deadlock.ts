import type { LockView } from '../semantics/view.ts';
import type { Monitor } from './monitor.ts';

/** No thread can move and some have not ended. The failure names which thread waits for what, and who holds it. */
export const deadlock: Monitor = {
  name: 'deadlock',
  stuck(view) {
    const locks = view.locks();
    const waits = view.threads
      .filter((t) => t.status === 'blocked' && !t.daemon)
      .map(({ name }) => ({ thread: name, lock: locks.find((l) => l.wanted.includes(name)) }));
    return {
      kind: 'deadlock',
      subjects: {
        threads: waits.map(({ thread }) => thread),
        locks: waits.map(({ lock }) => lock?.name ?? ''),
        holders: waits.map(({ thread, lock }) => (lock ? holdersOf(lock, thread).join(' ') : '')),
      },
      text: `no thread can move: ${waits.map(({ thread, lock }) => waitText(thread, lock)).join('; ')}`,
    };
  },
};

/** The holders of a lock. A thread that waits for a lock it holds is named as its own holder. */
function holdersOf({ holders }: LockView, thread: string): readonly string[] {
  const others = holders.filter((h) => h !== thread);
  return holders.includes(thread) ? ['itself', ...others] : others;
}

function waitText(thread: string, lock: LockView | undefined): string {
  if (lock === undefined) return `${thread} waits for ever`;
  const holders = holdersOf(lock, thread);
  const queue = lock.wanted.filter((w) => w !== thread);
  const queued = queue.length > 0 ? ` (${queue.join(' and ')} queued)` : '';
  const by = holders.length > 0 ? `held by ${holders.join(' and ')}${queued}` : 'that nobody holds';
  return `${thread} waits for ${lock.name}, ${by}`;
}
