import type { Monitor } from './monitor.ts';

/** Objects of these tables must be gone when every thread has ended. */
export function leak(...tables: string[]): Monitor {
  return {
    name: 'leak',
    end(view) {
      const objects = view.objects().filter((name) => tables.includes(name.slice(0, name.lastIndexOf('#'))));
      if (objects.length === 0) return undefined;
      return { kind: 'leak', subjects: { objects }, text: `never freed: ${objects.join(', ')}` };
    },
  };
}
