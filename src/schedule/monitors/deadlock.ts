import type { Monitor } from './monitor.ts';

/** No thread can move and some have not ended: says who waits for what, and who holds it. */
export const deadlock: Monitor = {
  name: 'deadlock',
  stuck(view) {
    const locks = view.locks();
    const waits = view.threads
      .filter((t) => t.status === 'blocked' && !t.daemon)
      .map((t) => {
        const lock = locks.find((l) => l.wanted.includes(t.name));
        if (lock === undefined) return `${t.name} waits for ever`;
        const others = lock.holders.filter((h) => h !== t.name);
        const holders = lock.holders.includes(t.name) ? ['itself', ...others] : others;
        const queue = lock.wanted.filter((w) => w !== t.name);
        const queued = queue.length > 0 ? ` (${queue.join(' and ')} queued)` : '';
        const by = holders.length > 0 ? `held by ${holders.join(' and ')}${queued}` : 'that nobody holds';
        return `${t.name} waits for ${lock.name}, ${by}`;
      });
    return `no thread can move: ${waits.join('; ')}`;
  },
};
