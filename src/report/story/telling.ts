import type { Story } from '../../schedule/replay/replay.ts';
import { plain_telling, type Telling } from '../trace/telling.ts';
import { is_kernel_story, told_kernel } from './told.ts';
import { kernel_why } from './why.ts';

const kernel_telling: Telling = {
  texts: (story) => told_kernel(story).map(({ told }) => told.text),
  why: (story) => kernel_why(story, told_kernel(story)),
};

/** The words that suit a story. */
export const telling_of = (story: Story): Telling =>
  is_kernel_story(story) ? kernel_telling : plain_telling;
