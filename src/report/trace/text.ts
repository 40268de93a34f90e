import type { Story } from '../../schedule/replay/replay.ts';
import { askText } from '../run/step-text.ts';
import { plainTelling, type Telling } from './telling.ts';

/** A told execution as text: a column per thread, a line per step, and the reason for the failure. */
export function traceText(story: Story, telling: Telling = plainTelling): string {
  const columns = story.threads.map((_, t) => story.events.some((e) => e.thread === t));
  const shown = story.threads.map((_, t) => t).filter((t) => columns[t] || story.pending[t] !== undefined);
  const texts = telling.texts(story);
  const cells = story.events.map((e, i) => ({ thread: e.thread, text: texts[i]!, head: `${e.number}` }));
  const blocked = story.end.threads.flatMap((t, i) =>
    t.status === 'blocked' && story.violation?.kind === 'deadlock' && story.pending[i] !== undefined
      ? [{ thread: i, text: `${askText(story.pending[i]!)} waits`, head: '' }]
      : [],
  );
  const all = [...cells, ...blocked];
  const width = (t: number) =>
    Math.max(story.threads[t]!.length, ...all.filter((c) => c.thread === t).map((c) => c.text.length));
  const gutter = Math.max(4, `${story.events.length}`.length);
  const line = (head: string, of: (t: number) => string) =>
    `${head.padStart(gutter)}  ${shown.map((t) => of(t).padEnd(width(t))).join('  ')}`.trimEnd();
  return [
    line('step', (t) => story.threads[t]!),
    ...all.map((c) => line(c.head, (t) => (t === c.thread ? c.text : ''))),
    '',
    telling.why(story),
    '',
  ].join('\n');
}
