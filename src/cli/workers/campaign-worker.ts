import type { Planned } from '../../check/campaign/plan.ts';
import type { CampaignRecord } from '../../check/campaign/record.ts';
import { perform } from '../../check/campaign/run-campaign.ts';
import { type Entry, readEntry } from '../../check/entry.ts';
import type { Bounds } from '../../schedule/replay/verdict.ts';

/** One configuration. Entries are sent as text, because parsed entries cannot be sent to a worker. */
export interface CampaignTask {
  readonly planned: Planned;
  /** The entries of the configuration. */
  readonly sources: readonly { readonly file: string; readonly text: string }[];
  readonly bounds: Bounds;
}

const known = new Map<string, Entry>();

function entryOf(file: string, text: string): Entry {
  const entry = known.get(file) ?? readEntry(text, file);
  known.set(file, entry);
  return entry;
}

/** The main function of a worker thread of `mhp campaign`. */
export default function work({ planned, sources, bounds }: CampaignTask): CampaignRecord[] {
  const began = performance.now();
  const entries = sources.map(({ file, text }) => entryOf(file, text));
  const watch = { elapsed: () => (performance.now() - began) / 1000 };
  return perform(planned, new Map(entries.map((entry) => [entry.id, entry])), { bounds, watch });
}
