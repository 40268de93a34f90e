import { standardMonitors } from '../monitors/index.ts';
import { explore, exploreTraces } from '../schedule/explore.ts';
import type { Monitor } from '../schedule/monitor.ts';
import type { Program } from '../schedule/program.ts';
import { type Block, pctBlock } from '../schedule/random.ts';
import type { Verdict } from '../schedule/verdict.ts';
import type { Job, PctJob } from './pool.ts';

/** Make the program and the monitors a job names; code cannot be sent to a worker, names can. */
export async function load(job: Job): Promise<{ program: Program; monitors: readonly Monitor[] }> {
  const module = (await import(job.module)) as Record<string, (...args: readonly unknown[]) => unknown>;
  const program = module[job.program]!(...(job.args ?? [])) as Program;
  const monitors = job.monitors
    ? (module[job.monitors]!(...(job.args ?? [])) as readonly Monitor[])
    : standardMonitors;
  return { program, monitors };
}

/** What a worker thread runs: one job, or one block of random runs. */
export default async function work(task: Job | PctJob): Promise<Verdict | Block> {
  const { program, monitors } = await load(task);
  if ('first' in task) return pctBlock(program, { ...task.random, monitors }, task.first, task.count);
  const options = { monitors, ...(task.bounds ? { bounds: task.bounds } : {}) };
  return task.mode === 'traces' ? exploreTraces(program, options) : explore(program, options);
}
