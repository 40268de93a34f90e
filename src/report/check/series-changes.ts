import { alikeKey } from '../../check/alike.ts';
import type { DesignVerdict } from '../../check/design/check-design.ts';
import type { DesignRow, DesignRun } from './design-row.ts';

/** What a design of a series does to a scenario. */
export interface SeriesChange {
  readonly design: string;
  /** `changes`: the scenario fails in another way than before, not only in another place. */
  readonly what: 'mends' | 'breaks' | 'changes';
  /** The failure before, and after, in words; null if there is none. */
  readonly before: string | null;
  readonly after: string | null;
}

const FAILS: readonly (DesignVerdict | DesignRow['base']['verdict'])[] = [
  'found',
  'other',
  'broken',
  'uncured',
  'as base',
  'stopped',
];

/** The failure of a result; null if it is clean, undefined if it is not decided. */
function failureOf({
  verdict,
  failure,
  reason,
}: Pick<DesignRun, 'failure' | 'reason'> & {
  readonly verdict: DesignVerdict | DesignRow['base']['verdict'];
}): { readonly key: string; readonly text: string } | null | undefined {
  if (verdict === 'clean') return null;
  if (!FAILS.includes(verdict)) return undefined;
  if (failure) return { key: alikeKey(failure), text: `${failure.kind}: ${failure.text}` };
  return { key: reason ?? '', text: `${verdict}: ${reason ?? ''}` };
}

/** Which designs of a series change how a scenario ends. Results that are not decided are passed over. */
export function changesOf({ base, runs }: DesignRow, names: readonly string[]): SeriesChange[] {
  const changes: SeriesChange[] = [];
  let before = failureOf(base);
  for (const [i, run] of runs.entries()) {
    const after = failureOf(run);
    if (after === undefined) continue;
    if (before !== undefined && before?.key !== after?.key)
      changes.push({
        design: names[i]!,
        what: before === null ? 'breaks' : after === null ? 'mends' : 'changes',
        before: before?.text ?? null,
        after: after?.text ?? null,
      });
    before = after;
  }
  return changes;
}

export function changeText({ design, what, before, after }: SeriesChange): string {
  if (what === 'mends') return `${design} mends it (it was ${before})`;
  if (what === 'breaks') return `${design} breaks it: ${after}`;
  return `${design} fails in another way: ${after} (it was ${before})`;
}
