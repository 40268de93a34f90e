import type { Story } from '../../schedule/replay/replay.ts';
import { traceText } from '../trace/text.ts';
import { whyText } from '../trace/why.ts';
import { kernel_story, kernel_story_text } from './story.ts';
import { is_kernel_story } from './told.ts';

/** A told execution for a person to read: kernel code in a few lines, any other step by step. */
export const story_text = (story: Story): string =>
  is_kernel_story(story) ? kernel_story_text(story) : traceText(story);

/** Why it went wrong, without the steps. */
export const story_why = (story: Story): string =>
  is_kernel_story(story) ? kernel_story(story).why : whyText(story);
