import type { Story } from '../../schedule/replay/replay.ts';
import { traceText } from '../trace/text.ts';
import { whyText } from '../trace/why.ts';
import { kernelStory, kernelStoryText } from './story.ts';
import { isKernelStory } from './told.ts';

/** A told execution for people: kernel code in a few lines, any other program step by step. */
export const storyText = (story: Story): string =>
  isKernelStory(story) ? kernelStoryText(story) : traceText(story);

/** The reason for the failure, without the steps. */
export const storyWhy = (story: Story): string =>
  isKernelStory(story) ? kernelStory(story).why : whyText(story);
