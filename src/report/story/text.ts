import type { Story } from '../../schedule/replay/replay.ts';
import { traceText } from '../trace/text.ts';
import { whyText } from '../trace/why.ts';
import { kernelStoryText } from './story.ts';
import { isKernelStory, toldKernel } from './told.ts';
import { kernelWhy, kernelWhyLines } from './why.ts';

/** A told execution for people: kernel code in a few lines, any other program step by step. */
export const storyText = (story: Story): string =>
  isKernelStory(story) ? kernelStoryText(story) : traceText(story);

/** The reason for the failure, without the steps. */
export const storyWhy = (story: Story): string =>
  isKernelStory(story) ? kernelWhyLines(story, kernelWhy(story, toldKernel(story))) : whyText(story);
