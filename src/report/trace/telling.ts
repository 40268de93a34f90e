import type { Story } from '../../schedule/replay/replay.ts';
import { eventText } from '../run/step-text.ts';
import { whyText } from './why.ts';

/** How to put a story into words. */
export interface Telling {
  /** The effect of each step. */
  texts(story: Story): readonly string[];
  /** The reason for the failure. */
  why(story: Story): string;
}

/** Steps in their own notation. */
export const plainTelling: Telling = { texts: ({ events }) => events.map(eventText), why: whyText };
