import type { ColumnSource } from 'hyparquet-writer';
import type { Planned } from '../../check/campaign/plan.ts';
import type { CampaignRecord, RunRecord } from '../../check/campaign/record.ts';
import { isVerdict } from '../../check/checked.ts';
import { InputError } from '../../errors/input-error.ts';
import type { Bounds } from '../../schedule/replay/verdict.ts';
import type { CampaignTask } from '../workers/campaign-worker.ts';
import { digest, readLines } from './results-file.ts';

const SCHEMA = 'mhp-campaign/1';

/** The first line: it identifies the campaign of the following lines. Only the same campaign can be continued. */
export interface Header {
  readonly schema: typeof SCHEMA;
  readonly version: string;
  readonly configurations: number;
  readonly max_states: number | null;
  readonly max_time: number | null;
  /** SHA-256 of the configurations and the texts of their entries. */
  readonly plan: string;
}

export function headerOf(tasks: readonly CampaignTask[], version: string, bounds: Bounds): Header {
  return {
    schema: SCHEMA,
    version,
    configurations: tasks.length,
    max_states: bounds.maxStates ?? null,
    max_time: bounds.maxTime ?? null,
    plan: digest(tasks.map(({ planned, sources }) => [planned, sources])),
  };
}

/** Whether a record belongs to this configuration. */
function isOf(record: CampaignRecord, planned: Planned): boolean {
  if (planned.kind === 'run')
    return (
      record.kind === 'run' &&
      record.entry === planned.entry &&
      record.release === planned.release &&
      record.boot_memory === planned.boot_memory &&
      (planned.shape === null ||
        (record.page_size === planned.shape.page_size && record.va_bits === planned.shape.va_bits))
    );
  const { shape, layout } = planned;
  return (
    record.kind !== 'run' &&
    record.layout === layout &&
    record.page_size === shape.page_size &&
    record.va_bits === shape.va_bits
  );
}

function isCampaignRecord(value: object): boolean {
  const { kind, verdict, states, steps } = value as Partial<Record<string, unknown>>;
  if (kind !== 'run') return typeof kind === 'string';
  return isVerdict(verdict) && Number.isSafeInteger(states) && Number.isSafeInteger(steps);
}

/** The complete records of the first configurations of a stopped campaign. */
export function readResults(
  path: string,
  header: Header,
  tasks: readonly CampaignTask[],
): CampaignRecord[][] {
  const records = readLines<CampaignRecord>(path, header, isCampaignRecord);
  const done: CampaignRecord[][] = [];
  let at = 0;
  for (const { planned } of tasks) {
    if (at === records.length) break;
    const from = at;
    while (at < records.length && isOf(records[at]!, planned) && (planned.kind !== 'run' || at === from))
      at++;
    if (at === from)
      throw new InputError(path, `line ${at + 2}`, 'is not of the configuration that comes next');
    // more records of the same tables may follow
    if (planned.kind !== 'run' && at === records.length) break;
    done.push(records.slice(from, at));
  }
  if (done.length === tasks.length && at < records.length)
    throw new InputError(path, `line ${at + 2}`, 'comes after the last configuration');
  return done;
}

type Type = 'STRING' | 'INT64' | 'BOOLEAN' | 'JSON';

/** The columns, in order; lists as JSON. */
const COLUMNS: readonly (readonly [keyof RunRecord, Type])[] = [
  ['entry', 'STRING'],
  ['release', 'STRING'],
  ['said', 'STRING'],
  ['arch', 'STRING'],
  ['page_size', 'INT64'],
  ['va_bits', 'INT64'],
  ['layout', 'STRING'],
  ['as_written', 'BOOLEAN'],
  ['boot_memory', 'STRING'],
  ['verdict', 'STRING'],
  ['failure_kind', 'STRING'],
  ['failure_subjects', 'JSON'],
  ['failure_text', 'STRING'],
  ['same_as', 'JSON'],
  ['reason', 'STRING'],
  ['within', 'JSON'],
  ['states', 'INT64'],
  ['steps', 'INT64'],
  ['preemptions', 'INT64'],
  ['token', 'STRING'],
];

/** The runs as a Parquet file; tables are only in the JSON Lines file. */
export async function parquet(header: Header, records: readonly CampaignRecord[]): Promise<Uint8Array> {
  const { parquetWriteBuffer } = await import('hyparquet-writer');
  const runs = records.filter((record) => record.kind === 'run');
  const cell = (value: unknown, type: Type): unknown =>
    value !== null && type === 'INT64' ? BigInt(value as number) : value;
  const columnData = COLUMNS.map(
    ([name, type]): ColumnSource => ({ name, type, data: runs.map((run) => cell(run[name], type)) }),
  );
  const kvMetadata = Object.entries(header).map(([key, value]) => ({ key, value: String(value) }));
  return new Uint8Array(parquetWriteBuffer({ columnData, kvMetadata, createdBy: `mhp ${header.version}` }));
}
