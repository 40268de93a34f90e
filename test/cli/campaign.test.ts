import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { campaignSchema } from '../../src/report/data/campaign-schema.ts';

// The built program, as a user starts it (test/global-setup.ts has built it).

const root = new URL('../../', import.meta.url).pathname;
let folder = '';

const campaign = (...args: readonly string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, ['dist/cli/main.js', 'campaign', ...args], { cwd: root, encoding: 'utf8' });

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mhp-campaign-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const at = (name: string): string => join(folder, name);

const SMALL = [
  '--scenario',
  'B26,B44',
  '--release',
  'v5.7,v5.10,v6.1',
  '--geometry',
  '4K/48,16K/47,16K/48,64K/42',
];

const EXPECTED = `24 configurations: 8 found, 16 clean

ID  FOUND OF SAME AS WHERE
B26     4 12 B26b    v5.7 16K/47 16K/48; v5.10 16K/47 16K/48
B44     4 12 B115    v5.7 all 4
`;

test('a small campaign: counts, records and the same bytes whoever runs it', () => {
  const out = at('one.jsonl');
  const { status, stdout, stderr } = campaign(...SMALL, '--threads', '1', '--out', out);
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: EXPECTED, stderr: '' });
  const lines = readFileSync(out, 'utf8').trimEnd().split('\n');
  expect(lines).toHaveLength(25);
  expect(JSON.parse(lines[0]!)).toMatchObject({
    schema: 'mhp-campaign/1',
    configurations: 24,
    max_states: 1_000_000,
  });
  const records = lines.slice(1).map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(
    records.find(({ as_written, entry, release }) => as_written && entry === 'B26' && release === 'v5.10'),
  ).toEqual({
    kind: 'run',
    entry: 'B26',
    release: 'v5.10',
    said: 'fails',
    arch: 'arm64',
    page_size: 16384,
    va_bits: 47,
    layout: 'v5.4',
    as_written: true,
    boot_memory: null,
    verdict: 'found',
    failure_kind: 'invariant',
    failure_subjects: {
      operation: 'remove',
      invariant: 'translations',
      what: 'stale leaf',
      cpus: [0],
      level: 'PMD',
      region: 'linear',
      va: -0x7fff00000000,
      size: 0x3e000000,
      more: 0,
    },
    failure_text: 'translations: CPU 0 may hold a PMD at ffff800100000000 (0x3e000000 bytes)',
    same_as: ['B26b'],
    reason: null,
    within: [],
    states: 0,
    steps: expect.any(Number),
    preemptions: null,
    token: null,
  });
  campaign(...SMALL, '--threads', '2', '--out', at('two.jsonl'));
  expect(readFileSync(at('two.jsonl'))).toEqual(readFileSync(out));
});

test('a campaign that was stopped goes on to the same bytes', () => {
  const whole = at('whole.jsonl');
  campaign(...SMALL, '--out', whole);
  const bytes = readFileSync(whole);
  for (const part of [bytes.indexOf('\n') + 1, Math.floor(bytes.length / 2), bytes.length]) {
    const out = at('part.jsonl');
    writeFileSync(out, bytes.subarray(0, part));
    const { status, stdout } = campaign(...SMALL, '--out', out, '--resume');
    expect({ status, stdout }).toEqual({ status: 0, stdout: EXPECTED });
    expect(readFileSync(out)).toEqual(bytes);
  }
});

test('summary as data; tables alone', () => {
  const out = at('tables.jsonl');
  const { stdout } = campaign('--geometry', '16K/47', '--release', 'v7.2', '--scenario', 'B36c', '--json');
  const summary = JSON.parse(stdout);
  expect(campaignSchema.parse(summary)).toEqual(summary);
  expect(summary).toMatchObject({
    schema: 'mhp-campaign-summary/1',
    runs: 1,
    verdicts: { found: 1 },
    races: [],
    latest: { release: 'v7.2', entries: [{ entry: 'B36c', applies: 1, found: 1 }] },
  });
  const tables = campaign('--geometry', '4K/39', '--tables', '--json', '--out', out);
  expect(tables.status).toBe(0);
  expect(campaignSchema.safeParse(JSON.parse(tables.stdout)).error).toBe(undefined);
  const records = readFileSync(out, 'utf8')
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => JSON.parse(line));
  expect(records.map(({ kind, layout, fate, reason }) => [kind, layout, fate ?? reason])).toEqual([
    ['no_shared_table', 'v5.2', 'the memmap shares no table below the root'],
    ['shared_table', 'v5.4', 'not removable'],
    ['shared_table', 'v5.4', 'kept'],
    ['no_shared_table', 'v6.1', 'the memmap shares no table below the root'],
    ['no_shared_table', 'v6.5', 'the memmap shares no table below the root'],
    ['no_shared_table', 'v6.9', 'the memmap shares no table below the root'],
  ]);
});

test('Parquet says what JSON Lines say', async () => {
  const [out, parquet] = [at('both.jsonl'), at('both.parquet')];
  campaign(...SMALL, '--out', out, '--parquet', parquet);
  const bytes = readFileSync(parquet);
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  const [header, ...records] = readFileSync(out, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const rows = await parquetReadObjects({ file });
  expect(
    rows.map((row) => ({
      kind: 'run',
      ...Object.fromEntries(
        Object.entries(row).map(([name, value]) => [name, typeof value === 'bigint' ? Number(value) : value]),
      ),
    })),
  ).toEqual(records);
  const metadata = parquetMetadata(file).key_value_metadata!;
  expect(metadata.find(({ key }) => key === 'schema')?.value).toBe(header.schema);
  expect(metadata.find(({ key }) => key === 'plan')?.value).toBe(header.plan);
});

test('bad input is one line, and exit status 2', () => {
  const text = at('text.jsonl');
  writeFileSync(text, 'text\n');
  const foreign = at('foreign.jsonl');
  campaign('--scenario', 'B44', '--release', 'v6.1', '--geometry', '4K/48', '--out', foreign);
  const damaged = at('damaged.jsonl');
  writeFileSync(damaged, `${readFileSync(foreign, 'utf8').split('\n')[0]}\n{}\n`);
  const one = ['--scenario', 'B44', '--release', 'v6.1', '--geometry', '4K/48'];
  for (const [args, line] of [
    [['--scenario', 'B00'], '--scenario: "B00" is not an entry of the catalogue'],
    [['--release', 'v1.0'], '--release: "v1.0" is not a release that an entry is run on'],
    [
      ['--geometry', '8K/48'],
      '--geometry: "8K/48" is not one of 4K/39, 4K/48, 4K/52, 16K/36, 16K/47, 16K/48, 16K/52, 64K/42, 64K/48, 64K/52',
    ],
    [['--resume'], '--resume: needs --out, the file to continue'],
    [['--out', at('none.jsonl'), '--resume'], `${at('none.jsonl')}: no such file or directory`],
    [['--out', folder], `${folder}: is a directory`],
    [
      ['--out', text, '--resume'],
      `${text}: line 1: is not the header of these runs: the runs or their bounds differ`,
    ],
    [
      [...SMALL, '--out', foreign, '--resume'],
      `${foreign}: line 1: is not the header of these runs: the runs or their bounds differ`,
    ],
    [[...one, '--out', damaged, '--resume'], `${damaged}: line 2: is not a record of this run`],
  ] as const) {
    const { status, stdout, stderr } = campaign(...args);
    expect({ status, stdout, stderr }).toEqual({ status: 2, stdout: '', stderr: `mhp: ${line}\n` });
  }
});

test('a part of a campaign says so, and nothing of releases that were not run', () => {
  campaign('--scenario', 'B99', '--release', 'v5.3', '--markdown', at('part.md'));
  const text = readFileSync(at('part.md'), 'utf8');
  expect(text).toContain('A part of the campaign');
  expect(text).not.toContain('Reachable on v7.2');
  const { status, stderr } = campaign(
    ...['--scenario', 'B99', '--release', 'v5.3', '--out', at('one'), '--parquet', at('one')],
  );
  expect([status, stderr]).toEqual([2, `mhp: ${at('one')}: is named for two outputs\n`]);
});
