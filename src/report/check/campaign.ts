import type { TableRecord } from '../../check/campaign/record.ts';
import type { CampaignSummary, EntrySummary, OnRelease, RaceSummary } from '../../check/campaign/summary.ts';
import { geometryText } from '../../check/variation.ts';
import { type Column, tableLines } from '../text/columns.ts';
import { humanSize } from '../text/human-size.ts';

/** A table to print: headings, rows, and whether a column holds numbers. */
interface Table {
  readonly headings: readonly string[];
  readonly numbers?: readonly number[];
  readonly rows: readonly (readonly string[])[];
}

const where = ({ release, applies, found, geometries }: OnRelease): string => {
  if (applies === 1) return release;
  return found === applies
    ? `${release} all ${applies}`
    : `${release} ${geometries.join(' ') || `${found} of ${applies}`}`;
};

const entriesTable = (entries: readonly EntrySummary[]): Table => ({
  headings: ['ID', 'FOUND', 'OF', 'SAME AS', 'WHERE'],
  numbers: [1, 2],
  rows: entries.map(({ entry, found, applies, undecided, releases, same_as }) => [
    entry,
    String(found),
    String(applies),
    same_as.join(' ') || '-',
    [...releases.map(where), ...(undecided > 0 ? [`undecided ${undecided}`] : [])].join('; ') || '-',
  ]),
});

/** The result of the race of V5 with vmalloc in a configuration, in words. */
function outcome(race: RaceSummary): string {
  if (race.outcome === 'n/a') return race.reason ?? 'n/a';
  if (race.outcome !== 'reachable') return race.outcome;
  return race.free_below === 0
    ? 'reachable'
    : `reachable without boot memory in the first ${humanSize(race.free_below!)}`;
}

const held = (by: readonly string[]): string => by.join(', ') || '-';

const racesTable = (races: readonly RaceSummary[]): Table => ({
  headings: [
    'LAYOUT',
    'GEOMETRY',
    'TABLE',
    'V5',
    'KEPT BY, BOOT MEMORY LOW',
    'KEPT BY, BOOT MEMORY HIGH',
    'RACES',
  ],
  rows: races
    .filter((race) => race.outcome !== 'no shared table')
    .map((race) => [
      race.layout,
      race.geometry,
      race.level ?? '-',
      outcome(race),
      held(race.low),
      held(race.high),
      race.races.join('; ') || '-',
    ]),
});

/** The geometries, by layout, in which vmalloc and vmemmap share only the root. */
function apart(races: readonly RaceSummary[]): string {
  const none = races.filter((race) => race.outcome === 'no shared table');
  return [...new Set(none.map(({ layout }) => layout))]
    .map(
      (layout) =>
        `${layout}: ${none
          .filter((race) => race.layout === layout)
          .map(({ geometry }) => geometry)
          .join(' ')}`,
    )
    .join('; ');
}

const tablesTable = (tables: readonly TableRecord[]): Table => ({
  headings: ['LAYOUT', 'GEOMETRY', 'TABLE', 'FROM', 'REGIONS', 'BOOT MEMORY', 'REMOVED', 'V5', 'KEPT BY'],
  rows: tables.map((table) => [
    table.layout,
    geometryText({ page_size: table.page_size, va_bits: table.va_bits }),
    table.level,
    table.start,
    table.regions.join(' '),
    `${table.boot_memory}, 0x${table.ram_start.toString(16)}`,
    table.removed_start === null ? '-' : `0x${table.removed_start.toString(16)}`,
    table.fate,
    held(table.kept_by),
  ]),
});

const latestTable = ({ entries }: CampaignSummary['latest']): Table => ({
  headings: ['ID', 'WHERE', 'TITLE', 'WHY'],
  rows: entries.map((entry) => [
    entry.entry,
    entry.applies === 1
      ? 'its only configuration'
      : `${entry.found} of ${entry.applies}${entry.found === entry.applies ? '' : `: ${entry.geometries.join(' ')}`}`,
    entry.title,
    entry.why,
  ]),
});

const othersTable = ({ others }: CampaignSummary): Table => ({
  headings: ['RUNS', 'FAILURE', 'SAME AS', 'ENTRIES'],
  numbers: [0],
  rows: others.map(({ kind, text, runs, entries, same_as }) => [
    String(runs),
    `${kind}: ${text}`,
    same_as.join(' ') || '-',
    entries.join(' '),
  ]),
});

const counts = ({ runs, verdicts }: CampaignSummary): string =>
  `${runs} configurations: ${['found', 'clean', 'other', 'undecided', 'n/a']
    .filter((verdict) => verdicts[verdict])
    .map((verdict) => `${verdicts[verdict]} ${verdict}`)
    .join(', ')}`;

function plain({ headings, numbers = [], rows }: Table): string {
  const columns = headings.map((name, i): Column => ({ name, right: numbers.includes(i) }));
  return tableLines(columns, rows, true)
    .map((line) => `${line}\n`)
    .join('');
}

const wrong = ({ not_as_said }: CampaignSummary): string =>
  not_as_said
    .map(
      ({ entry, release, said, verdict }) =>
        `${entry} on ${release}: ${verdict}, but the entry states ${said === 'fails' ? 'found' : 'cured'}\n`,
    )
    .join('');

/** The summary of a campaign as text. */
export function campaignText(summary: CampaignSummary): string {
  const parts = [`${counts(summary)}\n${wrong(summary)}`];
  if (summary.entries.length > 0) parts.push(plain(entriesTable(summary.entries)));
  if (summary.races.length > 0)
    parts.push(
      `V5 against vmalloc: does V5 find a table empty although vmalloc and vmemmap share it?\n${plain(racesTable(summary.races))}Geometries without a shared table: ${apart(summary.races) || 'none'}\n`,
    );
  if (summary.latest.entries.length > 0)
    parts.push(`Reachable on ${summary.latest.release}:\n${plain(latestTable(summary.latest))}`);
  if (summary.others.length > 0)
    parts.push(`Failures that are not the entry's own:\n${plain(othersTable(summary))}`);
  return parts.join('\n');
}

const cell = (text: string): string => text.replace(/\|/g, '\\|').replace(/\s+/g, ' ').trim();

function markdown({ headings, numbers = [], rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |\n`;
  return (
    line(headings.map((name) => (name === 'ID' ? name : name.charAt(0) + name.slice(1).toLowerCase()))) +
    `|${headings.map((_, i) => (numbers.includes(i) ? '---:' : '---')).join('|')}|\n` +
    rows.map(line).join('')
  );
}

/** The summary of a campaign as a page of Markdown. `whole`: the campaign had no filter and ran to its end. */
export function campaignMarkdown(summary: CampaignSummary, whole = true): string {
  const { races, latest } = summary;
  const parts = [
    `# The campaign

Generated by \`mhp campaign --markdown docs/campaign.md\`; do not edit.

${whole ? 'The campaign' : 'A part of the campaign: it had a filter, or it was stopped. The whole campaign'} runs every entry of the catalogue on every release. On arm64 it does so in
every geometry with which the release can be built, in the layout of that release. Results: ${counts(summary)}.

- **found**: the failure that the entry names. It has the kind that the entry states, and the subjects by which the entry
  distinguishes it from other failures.
- **clean**: no failure of any kind.
- **other**: another failure. The last table lists all of these, with the entries that name the same failure.
- **undecided**: a bound on the search was reached.
- **n/a**: the release or geometry lacks what the entry is about, or cannot run its steps as written.
${wrong(summary)}`,
    `## Where each entry is reachable

"Found" counts the configurations with the verdict found; "of" counts all configurations that are not n/a. "Same as" lists
other entries that name the same failure: a found failure may be the failure of one of these.

${markdown(entriesTable(summary.entries))}`,
  ];
  if (races.length > 0)
    parts.push(`## V5 against vmalloc

V5 of arm64 memory hot-remove (arm64-v5) frees every table of the memmap that it finds empty. B14 to B16 need such a table
in which vmalloc has entries, too.

For each layout and geometry, the campaign boots a machine on which the kernel image, the fixmap (the device tree) and the I/O
space of a PCI host bridge are mapped. It hot-adds memory whose struct pages are in the smallest table that vmalloc and vmemmap
share, and V5 removes this memory again. Boot memory is low (2G at memstart_addr) or high (2G above all memory that has struct
pages in the table, as far as the linear map extends). The high position occurs when the placement of the linear map is
randomized. Where V5 frees the table, the campaign explores the races on V5.

${markdown(racesTable(races))}
Geometries, by layout, in which vmalloc and vmemmap share only the root table: ${apart(races) || 'none'}.

### All tables of the memmap

The table names the regions that have addresses in each table.

${markdown(tablesTable(summary.tables))}`);
  if (whole || latest.entries.length > 0)
    parts.push(`## Reachable on ${latest.release}

${latest.entries.length > 0 ? markdown(latestTable(latest)) : 'None.\n'}`);
  if (summary.others.length > 0)
    parts.push(`## Failures that are not the entry's own

Failures share a line if they differ only in addresses, counts, table levels, and the threads and functions involved.

${markdown(othersTable(summary))}`);
  return parts.join('\n');
}

/** The summary of a campaign as plain data. */
export function campaignJson(summary: CampaignSummary): unknown {
  return { schema: 'mhp-campaign-summary/1', ...summary };
}
