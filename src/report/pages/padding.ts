import { changesOf, type Padding, type Trial } from '../../scenarios/nvdimm/padding.ts';
import { tableLines } from '../text/columns.ts';

const hex = (n: number): string => `0x${n.toString(16).padStart(9, '0')}`;
const MIB = 2 ** 20;

const sum = (list: readonly number[]): number => list.reduce((total, n) => total + n, 0);

interface Totals {
  readonly size: number;
  readonly usable_before: number;
  readonly usable_after: number;
  readonly refused_before: number;
  readonly refused_after: number;
  readonly regions: number;
  readonly moves: number;
  readonly collisions_before: number;
  readonly collisions_after: number;
  readonly appeared_before: number;
  readonly vanished_before: number;
  readonly appeared_after: number;
  readonly vanished_after: number;
}

export function paddingTotals({ trials }: Padding): Totals {
  const regions = trials.flatMap((trial) => trial.regions);
  const moves = trials.flatMap((trial) => trial.moves);
  const before = trials.map((trial) => changesOf(trial.moves.map((move) => move.before)));
  const after = trials.map((trial) => changesOf(trial.moves.map((move) => move.after)));
  return {
    size: sum(regions.map(({ size }) => size)),
    usable_before: sum(regions.map((region) => region.before.usable)),
    usable_after: sum(regions.map((region) => region.after.usable)),
    refused_before: regions.filter((region) => region.before.usable === 0).length,
    refused_after: regions.filter((region) => region.after.usable === 0).length,
    regions: regions.length,
    moves: moves.length,
    collisions_before: moves.filter((move) => !move.before).length,
    collisions_after: moves.filter((move) => !move.after).length,
    appeared_before: sum(before.map(({ appeared }) => appeared)),
    vanished_before: sum(before.map(({ vanished }) => vanished)),
    appeared_after: sum(after.map(({ appeared }) => appeared)),
    vanished_after: sum(after.map(({ vanished }) => vanished)),
  };
}

/** One line per region: bytes for data before and after; then the effects of moving the first region. */
export function paddingText(padding: Padding): string {
  const columns = [
    'TRIAL',
    'RAM END',
    'START',
    'SIZE',
    padding.before,
    padding.after,
    'LOST',
    'MOVES FAILED',
    '',
  ].map((name, i) => ({ name, right: i !== 8 }));
  const rows = padding.trials.flatMap((trial, i) => regionRows(trial, i));
  const t = paddingTotals(padding);
  const percent = (n: number): string => `${((100 * n) / t.size).toFixed(1)}%`;
  const mib = (n: number): string => `${n / MIB}M`;
  return [
    ...tableLines(columns, rows, true),
    '',
    `${t.regions} regions, ${mib(t.size)}: ${padding.before} leaves ${mib(t.usable_before)} (${percent(t.usable_before)}), refuses ${t.refused_before}; ${padding.after} leaves ${mib(t.usable_after)} (${percent(t.usable_after)}), refuses ${t.refused_after}`,
    `${t.moves} places of the first region: ${padding.before} fails at ${t.collisions_before} (a step of 2M: ${t.appeared_before} appear, ${t.vanished_before} vanish); ${padding.after} fails at ${t.collisions_after} (${t.appeared_after} appear, ${t.vanished_after} vanish)`,
  ]
    .map((line) => `${line}\n`)
    .join('');
}

function regionRows(trial: Trial, index: number): string[][] {
  return trial.regions.map((region, i) => {
    const failed = trial.moves.filter((move) => !move.before).length;
    const failedAfter = trial.moves.filter((move) => !move.after).length;
    return [
      i === 0 ? String(index + 1) : '',
      i === 0 ? hex(trial.ram_end) : '',
      hex(region.start),
      `${region.size / MIB}M`,
      `${region.before.usable / MIB}M`,
      `${region.after.usable / MIB}M`,
      `${(region.after.usable - region.before.usable) / MIB}M`,
      i === 0 ? `${failed}/${failedAfter} of ${trial.moves.length}` : '',
      region.before.errno ?? '',
    ];
  });
}

export function paddingJson(padding: Padding): unknown {
  return {
    schema: 'mhp-padding/1',
    before: padding.before,
    after: padding.after,
    seed: padding.seed,
    totals: paddingTotals(padding),
    trials: padding.trials,
  };
}
