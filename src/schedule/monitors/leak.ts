import type { Monitor } from './monitor.ts';

/** Objects of these tables must be gone when every thread has ended. */
export function leak(...tables: string[]): Monitor {
  return {
    name: 'leak',
    end(view) {
      const left = view.objects().filter((name) => tables.includes(name.slice(0, name.lastIndexOf('#'))));
      return left.length === 0 ? undefined : `never freed: ${left.join(', ')}`;
    },
  };
}
