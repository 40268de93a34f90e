import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync } from 'node:fs';
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer';
import type { Planned } from '../check/campaign/plan.ts';
import type { CampaignRecord, RunRecord } from '../check/campaign/record.ts';
import { InputError } from '../machines/input-error.ts';
import type { Bounds } from '../schedule/verdict.ts';
import type { CampaignTask } from './campaign-worker.ts';
import { onFile, saveWhole } from './output.ts';

const SCHEMA = 'mhp-campaign/1';

/** The first line: what the lines after it are of. A file goes on only with the same. */
export interface Header {
  readonly schema: typeof SCHEMA;
  readonly version: string;
  readonly configurations: number;
  readonly max_states: number | null;
  readonly max_time: number | null;
  /** SHA-256 of the configurations and the texts of their entries. */
  readonly plan: string;
}

export function header_of(tasks: readonly CampaignTask[], version: string, bounds: Bounds): Header {
  const hash = createHash('sha256');
  for (const { planned, sources } of tasks) hash.update(JSON.stringify([planned, sources]));
  return {
    schema: SCHEMA,
    version,
    configurations: tasks.length,
    max_states: bounds.maxStates ?? null,
    max_time: bounds.maxTime ?? null,
    plan: hash.digest('hex'),
  };
}

const line_of = (value: Header | CampaignRecord): string => `${JSON.stringify(value)}\n`;

/** Whether a record is of this configuration. */
function is_of(record: CampaignRecord, planned: Planned): boolean {
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

/** The records of the first configurations of a campaign that was stopped, as far as they are whole. */
export function read_results(
  path: string,
  header: Header,
  tasks: readonly CampaignTask[],
): CampaignRecord[][] {
  const text = onFile(path, () => readFileSync(path, 'utf8'));
  // a line without an end was being written
  const lines = text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .slice(0, -1);
  if (lines[0] !== line_of(header).trimEnd())
    throw new InputError(
      path,
      'line 1',
      'is not the header of this campaign: its configurations, entries or bounds are others',
    );
  const records = lines.slice(1).map((line, i) => parsed(path, line, i + 2));
  const done: CampaignRecord[][] = [];
  let at = 0;
  for (const { planned } of tasks) {
    if (at === records.length) break;
    const from = at;
    while (at < records.length && is_of(records[at]!, planned) && (planned.kind !== 'run' || at === from))
      at++;
    if (at === from) throw new InputError(path, `line ${at + 2}`, 'is of another configuration than is next');
    // of tables there may be more to come
    if (planned.kind !== 'run' && at === records.length) break;
    done.push(records.slice(from, at));
  }
  if (done.length === tasks.length && at < records.length)
    throw new InputError(path, `line ${at + 2}`, 'comes after the last configuration');
  return done;
}

function parsed(path: string, line: string, number: number): CampaignRecord {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null && 'kind' in value) return value as CampaignRecord;
  } catch {}
  throw new InputError(path, `line ${number}`, 'is no record of a campaign');
}

/** Results on their way into a file: as they come in any order, in the file in that of the configurations. */
export class ResultsFile {
  readonly #path: string;
  readonly #waiting = new Map<number, readonly CampaignRecord[]>();
  #next: number;

  /** Begin with what is there already. */
  constructor(path: string, header: Header, done: readonly (readonly CampaignRecord[])[]) {
    this.#path = path;
    this.#next = done.length;
    saveWhole(path, line_of(header) + done.flat().map(line_of).join(''));
  }

  add(index: number, records: readonly CampaignRecord[]): void {
    this.#waiting.set(index, records);
    let text = '';
    for (let next = this.#waiting.get(this.#next); next; next = this.#waiting.get(this.#next)) {
      text += next.map(line_of).join('');
      this.#waiting.delete(this.#next++);
    }
    if (text !== '') onFile(this.#path, () => appendFileSync(this.#path, text));
  }
}

type Type = 'STRING' | 'INT64' | 'BOOLEAN' | 'JSON';

/** A column each, in this order; lists as JSON. */
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
  ['failure_text', 'STRING'],
  ['same_as', 'JSON'],
  ['reason', 'STRING'],
  ['within', 'JSON'],
  ['states', 'INT64'],
  ['steps', 'INT64'],
  ['preemptions', 'INT64'],
];

/** The runs as a Parquet file; tables are in the JSON Lines alone. */
export function parquet(header: Header, records: readonly CampaignRecord[]): Uint8Array {
  const runs = records.filter((record) => record.kind === 'run');
  const cell = (value: unknown, type: Type): unknown =>
    value !== null && type === 'INT64' ? BigInt(value as number) : value;
  const columnData = COLUMNS.map(
    ([name, type]): ColumnSource => ({ name, type, data: runs.map((run) => cell(run[name], type)) }),
  );
  const kvMetadata = Object.entries(header).map(([key, value]) => ({ key, value: String(value) }));
  return new Uint8Array(parquetWriteBuffer({ columnData, kvMetadata, createdBy: `mhp ${header.version}` }));
}
