import type { Layer } from './memory/layers.ts';
import type { Mmu } from './mmu.ts';
import type { Fresh } from './tlb/fresh.ts';
import type { Held } from './tlb/held.ts';

/**
 * The state as text. Two states have the same text exactly when software and walkers can do the same from then on. The
 * executing CPU is not part of the text.
 */
export function encodeMmu(m: Mmu): string {
  const words = m.words.canonical().map((r) => `${r.pa}+${r.n}:${r.addr},${r.stride},${r.attr}`);
  const stale = m.stale.map((layers, depth) =>
    merged(layers.all(), m.t.shift[depth]!, m.t.page_shift).join(' '),
  );
  const fresh = m.fresh
    .all()
    .map(
      (l) =>
        `${l.first}+${l.n}:${l.items.map((f) => `${f.writer},${f.settled},${f.synced ? 1 : 0}${f.fault}${others(f)}`).join(';')}`,
    );
  const broken = m.violations.map(
    (v) => `${v.rule},${v.va},${v.size},${v.cpu},${v.old.addr},${v.old.attr},${v.now.addr},${v.now.attr}`,
  );
  return [words.join(' '), stale.join('/'), fresh.join(' '), broken.join(' ')].join('|');
}

const others = ({ waited, fetched }: Fresh): string =>
  waited.length === 0 ? '' : `${waited.join('.')},${fetched.join('.')}`;

const heldText = (h: Held): string => {
  const marks = h.marks.map((k) => `${k.cpu}${k.broadcast ? 'b' : 'l'}${k.va},${k.end}`).join('&');
  return `${h.table ? 't' : 'l'}${h.attr},${h.writer},${h.settled},${h.except.join('.')},${h.flight.join('.')},${h.late}${h.gone ? 'g' : ''},${marks}`;
};

/**
 * The records with adjacent stretches merged where one continues the other: how they were split carries no information.
 */
function merged(layers: readonly Layer<Held>[], shift: number, pageShift: number): string[] {
  const open = new Map<string, { first: number; end: number; addr: number; text: string }>();
  const done: { first: number; end: number; addr: number; text: string }[] = [];
  for (const { first, n, items } of layers) {
    for (const h of items) {
      const text = heldText(h);
      const step = 2 ** (h.table ? pageShift : shift);
      const key = `${text} ${h.addr - first * step}`;
      const known = open.get(key);
      if (known !== undefined && known.end === first) known.end = first + n;
      else {
        const record = { first, end: first + n, addr: h.addr, text };
        open.set(key, record);
        done.push(record);
      }
    }
  }
  return done
    .sort((a, b) => a.first - b.first || a.end - b.end || a.addr - b.addr || (a.text < b.text ? -1 : 1))
    .map((r) => `${r.first}+${r.end - r.first}:${r.addr}${r.text}`);
}
