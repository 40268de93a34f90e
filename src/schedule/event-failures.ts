import type { Failure } from '../steps/failure.ts';
import type { RunEvent } from './runner.ts';

/** The BUGs, warnings and lock misuse of a thread run alone, in order. */
export const eventFailures = (events: readonly RunEvent[]): Failure[] =>
  events.flatMap((event): Failure[] => {
    if (event.kind === 'printk') return [];
    if (event.kind === 'lock') return [event];
    const { kind, where, text, about } = event;
    return [
      {
        kind,
        subjects: { function: where, message: text, ...about },
        text: `${kind === 'bug' ? 'BUG' : 'WARNING'} at ${where}${text ? `: ${text}` : ''}`,
      },
    ];
  });
