import { availableParallelism } from 'node:os';
import { type Command, Option } from 'commander';
import { designs } from '../../../check/options/designs.ts';
import { races } from '../../../check/options/races.ts';
import type { Row } from '../../../check/row.ts';
import { optionsJson, optionsMarkdown, optionsText } from '../../../report/check/options-text.ts';
import { catalogue } from '../../inputs/catalogue.ts';
import { progress } from '../../progress.ts';
import type { CheckTask } from '../../workers/check-worker.ts';
import type { Measured, OptionsTask } from '../../workers/options-worker.ts';
import { inPool } from '../../workers/pool.ts';

/** Defines `mhp options`: measures the designs that keep vmalloc and memory hot-remove apart. */
export function define(command: Command): void {
  command
    .addOption(
      new Option('--format <format>', 'output format')
        .choices(['table', 'json', 'markdown'])
        .default('table'),
    )
    .option('--json', 'the same as --format json')
    .action(async ({ format, json }: { format: 'table' | 'json' | 'markdown'; json?: boolean }) => {
      process.exitCode = await run(json ? 'json' : format);
    });
}

function raceTasks(): CheckTask[] {
  const listed = catalogue((id) => races.some((race) => race.id === id));
  return designs.flatMap(({ release }) =>
    races.map((race) => {
      const { entry, text } = listed.find((one) => one.entry.id === race.id)!;
      return {
        id: entry.id,
        text,
        file: entry.file,
        release: race.release(release),
        variation: {},
        mode: 'states' as const,
        bounds: {},
        named_only: true,
        story: 'none' as const,
        timeline: false,
      };
    }),
  );
}

function costs(threads: number): Promise<(Measured | undefined)[]> {
  const told = progress(designs.length);
  const tasks = designs.map((_, design): OptionsTask => ({ design }));
  return inPool<OptionsTask, Measured>('options-worker', tasks, threads, (_, i) =>
    told(`the costs of ${designs[i]!.name}`),
  );
}

async function run(format: 'table' | 'json' | 'markdown'): Promise<number> {
  const threads = availableParallelism();
  const tasks = raceTasks();
  const told = progress(tasks.length);
  const came = await inPool<CheckTask, Row>('check-worker', tasks, threads, ({ id, release }) =>
    told(`${id} on ${release}`),
  );
  const measured = came.includes(undefined) ? [] : await costs(threads);
  if (measured.length === 0 || measured.includes(undefined)) {
    process.stderr.write('mhp: interrupted\n');
    return 3;
  }
  const rows = designs.map(({ name, release }, i) => ({
    design: name,
    release: release.name,
    races: came.slice(i * races.length, (i + 1) * races.length) as Row[],
    ...measured[i]!,
  }));
  const print = {
    table: () => optionsText(rows),
    markdown: () => optionsMarkdown(rows),
    json: () => `${JSON.stringify(optionsJson(rows), null, 2)}\n`,
  };
  process.stdout.write(print[format]());
  return 0;
}
