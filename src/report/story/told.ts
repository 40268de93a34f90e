import type { KernelWorld } from '../../interleave/kernel-machine.ts';
import type { Story } from '../../schedule/replay/replay.ts';
import type { ToldEvent } from './clauses.ts';
import { StepTeller } from './step-teller.ts';

/** Whether a story consists of kernel functions. */
export const isKernelStory = ({ events }: Story): boolean =>
  events.some(({ step }) => step?.by !== undefined);

/** Every step of a kernel story in words. */
export function toldKernel(story: Story): readonly ToldEvent[] {
  const teller = new StepTeller(story.end.world<KernelWorld>().state);
  const said = new Set<string>();
  let thread = -1;
  return story.events.map((event) => {
    if (event.thread !== thread) said.clear();
    ({ thread } = event);
    const told = teller.tell(event);
    const stale = told.hidden === true || (!told.effect && said.has(told.text));
    said.add(told.text);
    return { ...event, told, stale };
  });
}
