import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import { aboutASharedTable, type Filter, plan, releasesOf, SHAPES } from '../../../check/campaign/plan.ts';
import type { CampaignRecord } from '../../../check/campaign/record.ts';
import { type CampaignSummary, sameAs, summarize } from '../../../check/campaign/summary.ts';
import type { Entry } from '../../../check/entry.ts';
import { geometryText, type Shape } from '../../../check/variation.ts';
import { InputError, quote } from '../../../errors/input-error.ts';
import { campaignJson, campaignMarkdown, campaignText } from '../../../report/check/campaign.ts';
import type { Bounds } from '../../../schedule/replay/verdict.ts';
import { headerOf, parquet, readResults } from '../../files/campaign-file.ts';
import { checkInput, checkOutputs, saveWhole } from '../../files/output.ts';
import { ResultsFile } from '../../files/results-file.ts';
import { catalogue, type Listed } from '../../inputs/catalogue.ts';
import { list, releaseList, whole } from '../../option-values.ts';
import { progress } from '../../progress.ts';
import type { CampaignTask } from '../../workers/campaign-worker.ts';
import { inPool } from '../../workers/pool.ts';

interface Flags {
  readonly out?: string;
  readonly parquet?: string;
  readonly markdown?: string;
  readonly html?: string;
  readonly resume?: boolean;
  readonly scenario?: readonly string[];
  readonly release?: readonly string[];
  readonly geometry?: readonly string[];
  readonly tables?: boolean;
  readonly maxStates: number;
  /** Seconds. */
  readonly maxTime: number;
  readonly threads?: number;
  readonly json?: boolean;
}

/** Defines `mhp campaign`: in which configurations each entry of the catalogue can occur. */
export function define(command: Command): void {
  command
    .option('--out <file>', 'write one line of JSON per configuration')
    .option('--resume', 'continue the file of --out')
    .option('--parquet <file>', 'write the runs as a Parquet file')
    .option('--markdown <file>', 'write the summary as Markdown')
    .option('--html <file>', 'write entries by releases, and the summary, as a page that stands alone')
    .option('--scenario <ids>', 'run only these entries', list)
    .option('--release <names>', 'run only on these releases', releaseList)
    .option('--geometry <shapes>', 'run only in these geometries of arm64, such as 4K/48,64K/42', list)
    .option(
      '--tables',
      'examine only the tables that the memmap shares: where can V5 of arm64 hot-remove free one that vmalloc uses?',
    )
    .option('--max-states <n>', 'stop each search after this many states', whole(1), 1_000_000)
    .option('--max-time <seconds>', 'stop each search after this time', whole(1), 120)
    .option('--threads <n>', 'number of worker threads', whole(1, 256))
    .option('--json', 'print the summary as JSON')
    .addHelpText(
      'after',
      '\nExit status: 0 everything was decided; 1 an entry does not behave as it says; 2 bad usage or input; 3 undecided;\n64 stopped before the end.',
    )
    .action(async (flags: Flags) => {
      process.exitCode = await run(flags);
    });
}

const { version } = JSON.parse(
  readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8'),
) as {
  version: string;
};

function known(
  option: string,
  wanted: readonly string[] | undefined,
  there: ReadonlySet<string>,
  what: string,
): void {
  const wrong = wanted?.find((name) => !there.has(name));
  if (wrong !== undefined) throw new InputError(option, '', `${quote(wrong)} is ${what}`);
}

const shapeNamed = (text: string): Shape => {
  const shape = SHAPES.find((one) => geometryText(one) === text);
  if (!shape)
    throw new InputError(
      '--geometry',
      '',
      `${quote(text)} is not one of ${SHAPES.map(geometryText).join(', ')}`,
    );
  return shape;
};

/** @throws InputError for an unknown name */
function filterOf(flags: Flags, entries: readonly Entry[]): Filter {
  known('--scenario', flags.scenario, new Set(entries.map(({ id }) => id)), 'not an entry of the catalogue');
  known(
    '--release',
    flags.release,
    new Set(entries.flatMap(releasesOf)),
    'not a release that an entry is run on',
  );
  if (flags.tables && (flags.scenario ?? flags.release))
    throw new InputError('--tables', '', 'cannot be combined with --scenario or --release');
  return {
    ...(flags.scenario ? { entries: flags.scenario } : {}),
    ...(flags.release ? { releases: flags.release } : {}),
    ...(flags.tables ? { tables: true } : {}),
    ...(flags.geometry ? { shapes: flags.geometry.map(shapeNamed) } : {}),
  };
}

function tasksOf(listed: readonly Listed[], filter: Filter, bounds: Bounds): CampaignTask[] {
  const sources = new Map(listed.map(({ entry, text }) => [entry.id, { file: entry.file, text }]));
  const aboutTables = listed.filter(({ entry }) => aboutASharedTable(entry)).map(({ entry }) => entry.id);
  return plan(
    listed.map(({ entry }) => entry),
    filter,
  ).map((planned) => ({
    planned,
    sources: (planned.kind === 'run' ? [planned.entry] : aboutTables).map((id) => sources.get(id)!),
    bounds,
  }));
}

const isWhole = (flags: Flags): boolean =>
  !(flags.scenario || flags.release || flags.geometry || flags.tables);

async function run(flags: Flags): Promise<number> {
  const listed = catalogue();
  const entries = listed.map(({ entry }) => entry);
  const filter = filterOf(flags, entries);
  if (flags.resume && flags.out === undefined)
    throw new InputError('--resume', '', 'needs --out, the file to continue');
  checkOutputs([flags.out, flags.parquet, flags.markdown, flags.html]);
  const bounds = { maxStates: flags.maxStates, maxTime: flags.maxTime };
  const tasks = tasksOf(listed, filter, bounds);
  const header = headerOf(tasks, version, bounds);
  if (flags.resume) checkInput(flags.out!);
  const done = flags.resume ? readResults(flags.out!, header, tasks) : [];
  const file = flags.out === undefined ? undefined : new ResultsFile<CampaignRecord>(flags.out, header, done);
  const told = progress(tasks.length, done.length);
  const came: (readonly CampaignRecord[] | undefined)[] = [
    ...done,
    ...tasks.slice(done.length).map(() => undefined),
  ];
  await inPool<CampaignTask, CampaignRecord[]>(
    'campaign-worker',
    tasks.slice(done.length),
    flags.threads ?? availableParallelism(),
    (records, i) => {
      const index = done.length + i;
      came[index] = records.map((record) =>
        record.kind === 'run' ? { ...record, same_as: sameAs(record, entries) } : record,
      );
      file?.add(index, came[index]);
      told(piece(tasks[index]!));
    },
  );
  const wholeUntil = came.indexOf(undefined);
  const records = (wholeUntil < 0 ? came : came.slice(0, wholeUntil)).flatMap((some) => some!);
  const summary = summarize(records, entries);
  process.stdout.write(
    flags.json ? `${JSON.stringify(campaignJson(summary), null, 2)}\n` : campaignText(summary),
  );
  if (flags.parquet !== undefined) saveWhole(flags.parquet, await parquet(header, records));
  if (flags.markdown !== undefined)
    saveWhole(flags.markdown, campaignMarkdown(summary, isWhole(flags) && wholeUntil < 0));
  if (flags.html !== undefined) {
    const { campaignPage } = await import('../../../report/page/campaign-page.ts');
    saveWhole(flags.html, campaignPage(summary, records, entries));
  }
  if (wholeUntil >= 0) {
    process.stderr.write(
      `mhp: stopped after ${wholeUntil} of ${tasks.length} configurations${flags.out === undefined ? '' : ': --resume continues'}\n`,
    );
    return 64;
  }
  return status(summary);
}

function status({ not_as_said, verdicts }: CampaignSummary): 0 | 1 | 3 {
  if (not_as_said.length > 0) return 1;
  return verdicts.undecided ? 3 : 0;
}

function piece({ planned }: CampaignTask): string {
  const what =
    planned.kind === 'run' ? `${planned.entry} ${planned.release}` : `shared tables ${planned.layout}`;
  return `${what}${planned.shape ? ` ${geometryText(planned.shape)}` : ''}`;
}
