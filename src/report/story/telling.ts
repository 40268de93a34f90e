import type { Story } from '../../schedule/replay/replay.ts';
import { plainTelling, type Telling } from '../trace/telling.ts';
import { isKernelStory, toldKernel } from './told.ts';
import { kernelWhy, kernelWhyLines } from './why.ts';

const kernelTelling: Telling = {
  texts: (story) => toldKernel(story).map(({ told }) => told.text),
  why: (story) => kernelWhyLines(story, kernelWhy(story, toldKernel(story))),
};

/** The form of words for a story. */
export const tellingOf = (story: Story): Telling => (isKernelStory(story) ? kernelTelling : plainTelling);
