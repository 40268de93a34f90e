import type { Command } from 'commander';
import { InputError } from '../machines/input-error.ts';
import { readHost, readMachine } from '../machines/read.ts';
import { mainline } from '../releases/index.ts';
import { run_scenario } from '../scenarios/run.ts';
import { Session } from '../scenarios/session.ts';
import { boot_named, is_scenario, machine_of, read_scenario, release_for } from './source.ts';

interface Flags {
  readonly release?: string;
  readonly after?: string;
}

/** Adds `mhp ptdump`: the kernel's page tables as its debugfs file shows them. */
export function register(program: Command): void {
  program
    .command('ptdump')
    .description("print the kernel's page tables, linear map and vmemmap, as debugfs kernel_page_tables does")
    .argument(
      '[source]',
      'a scenario, run to its end, or a machine: file, directory, archive, RECORDING:STEP',
    )
    .option('--after <n>', 'of a scenario, run the first n steps only')
    .option(
      '--release <name>',
      `the kernel: ${mainline.map((release) => release.name).join(', ')} or a series`,
    )
    .action(async (source: string | undefined, flags: Flags) => {
      await print(source, flags);
    });
}

async function session_of(source: string | undefined, flags: Flags): Promise<Session> {
  const scenario = source !== undefined && is_scenario(source) ? read_scenario(source) : null;
  const machine = await (scenario
    ? machine_of(scenario)
    : source === undefined
      ? readHost()
      : readMachine(source));
  const session = new Session(boot_named(machine, release_for(flags.release, scenario, machine)));
  if (flags.after !== undefined && (!scenario || !/^\d{1,6}$/.test(flags.after)))
    throw new InputError('--after', '', 'takes a number of steps of a scenario');
  if (!scenario) return session;
  const steps = scenario.steps.slice(0, flags.after === undefined ? undefined : Number(flags.after));
  for (const _ of run_scenario({ ...scenario, steps }, session, { check: false }));
  return session;
}

async function print(source: string | undefined, flags: Flags): Promise<void> {
  const session = await session_of(source, flags);
  const lines = session.page_tables();
  if (!lines) {
    const what = `is ${session.kernel.c.arch}: only arm64 page tables are modelled`;
    throw new InputError(source ?? 'this host', '', what);
  }
  let chunk = '';
  for (const line of lines) {
    chunk += `${line}\n`;
    if (chunk.length < CHUNK) continue;
    await written(chunk);
    chunk = '';
  }
  await written(chunk);
}

/** Bytes written at a time: the tables of a terabyte are never held as text. */
const CHUNK = 2 ** 16;

const written = (text: string): Promise<void> =>
  new Promise((resolve) => {
    process.stdout.write(text, () => resolve());
  });
