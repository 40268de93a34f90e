import { mainline } from '../../src/releases/index.ts';
import { nameFor } from './known.ts';
import { nameOf } from './shrink.ts';
import { takeWalk } from './walk.ts';

const [seed, from, n] = process.argv.slice(2).map(Number);
const c = new Map<string, { n: number; first: string }>();
for (let i = from!; i < from! + n!; i++) {
  const release = mainline[i % mainline.length]!.name;
  const w = takeWalk({ seed: seed!, index: i, release });
  for (const a of w.alarms) {
    const named = nameFor(w.document, a);
    const key = `${named?.name ?? '-----'} | ${nameOf(a)} | ${w.outcomes[a.step]?.result ?? ''}`;
    const f = c.get(key);
    if (f) f.n++;
    else c.set(key, { n: 1, first: `${i} ${release} ${w.document.machine.arch}` });
  }
}
for (const [k, { n, first }] of [...c].sort()) console.log(String(n).padStart(5), k, ' first:', first);
