import type { CampaignRecord } from '../../check/campaign/record.ts';
import type { CampaignSummary } from '../../check/campaign/summary.ts';
import type { Entry } from '../../check/entry.ts';
import { campaignText } from '../check/campaign.ts';
import { h } from './element.ts';
import { type Cell, matrix } from './matrix.ts';
import { pageText } from './page.ts';

/** The cells of a campaign: an entry by a release; the geometries of one place are counted. */
export const campaignCells = (records: readonly CampaignRecord[]): Cell[] =>
  records.flatMap((record) =>
    record.kind === 'run'
      ? [
          {
            row: record.entry,
            column: record.release,
            verdict: record.verdict,
            text: `${record.va_bits === null ? '' : `${record.page_size / 1024}K/${record.va_bits}: `}${record.failure_text ?? record.reason ?? ''}`,
          },
        ]
      : [],
  );

/** The page of a campaign: entries by releases, and the summary. */
export const campaignPage = (
  summary: CampaignSummary,
  records: readonly CampaignRecord[],
  entries: readonly Entry[],
): string =>
  pageText({
    title: 'mhp campaign',
    body: [
      h(
        'header',
        {},
        h('h1', {}, 'Where each entry can be reached'),
        h('p', { class: 'soft' }, 'A number counts the geometries of a release with that verdict.'),
      ),
      h(
        'main',
        {},
        h(
          'div',
          { class: 'scroll', tabindex: 0 },
          matrix(campaignCells(records), new Map(entries.map(({ id, title }) => [id, title]))),
        ),
        h('pre', {}, campaignText(summary)),
      ),
    ],
  });
