import type { AskedMachine } from './machine.ts';
import type { PageContext } from './pages/place.ts';
import { pageContext } from './pages/place-recorded.ts';

const known = new WeakMap<AskedMachine, PageContext>();

/** What is known of a machine's pages besides their words. */
export function pageContextOf(asked: AskedMachine): PageContext {
  const found = known.get(asked);
  if (found) return found;
  const nothing = {
    per_cpu: new Map(),
    memmap_on_memory: asked.session.kernel.c.memmap_on_memory,
    huge_orders: [],
  };
  const context = asked.tree ? pageContext(asked.session, asked.tree) : nothing;
  known.set(asked, context);
  return context;
}
