import type { Story } from '../../schedule/replay/replay.ts';
import { eventText } from '../run/step-text.ts';
import { whyText } from './why.ts';

/** How a story is put into words. */
export interface Telling {
  /** What each step did. */
  texts(story: Story): readonly string[];
  /** Why it went wrong. */
  why(story: Story): string;
}

/** Steps as they are noted. */
export const plainTelling: Telling = { texts: ({ events }) => events.map(eventText), why: whyText };
