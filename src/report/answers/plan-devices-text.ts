import type { BestPlace, DevicePlan, LayoutPlan, OutcomeRange } from '../../answers/plan/devices/plan.ts';
import { blocksText, plural, rangeOf, section, sizeOf } from './words.ts';

/** Plans of persistent memory and CXL as text: the answer in a line, then device by device. */

const releases = ({ first, last }: Pick<OutcomeRange, 'first' | 'last'>): string =>
  first === last ? first : `${first}..${last}`;

/** The message that says what is wrong. */
const telling = ({ messages }: OutcomeRange): string | undefined =>
  messages.find((text) =>
    /collision|truncat|misaligned|mixed|unable to satisfy|failed|has no|conflict|must|support/i.test(text),
  );

function outcomeText(one: OutcomeRange): string {
  const { use, accepted, errno, usable, metadata, lost, blocks, first_block, block_size } = one;
  const head = `${releases(one)} as ${use === 'fsdax' ? 'a namespace (fsdax)' : 'system RAM'}`;
  const said = telling(one);
  if (!accepted)
    return `${head}: refused${errno ? ` with ${errno}` : ''}${said === undefined ? '' : `: ${said}`}`;
  const parts = [
    ...(first_block === null
      ? [`${sizeOf(usable)} usable`]
      : [
          `${sizeOf(usable)} usable, ${plural(blocks, 'block')} of ${sizeOf(block_size)} (${blocksText(first_block, first_block + blocks - 1)})`,
        ]),
    ...(metadata > 0 ? [`${sizeOf(metadata)} for struct pages and info block`] : []),
    lost === 0
      ? 'nothing lost'
      : `${sizeOf(lost)} lost (${use === 'fsdax' ? 'padding' : 'no whole memory block'})`,
  ];
  return `${head}: ${parts.join(', ')}${lost > 0 && said !== undefined ? `: ${said}` : ''}`;
}

function bestText(one: BestPlace): string {
  const { use, alignment, inside, around } = one;
  const head = `${releases(one)} as ${use === 'fsdax' ? 'a namespace' : 'system RAM'}`;
  const place = (range: { start: number; size: number }): string =>
    `start 0x${range.start.toString(16)}, size ${sizeOf(range.size)} (0x${range.size.toString(16)})`;
  const ways = [
    ...(inside ? [`${place(inside)} within it`] : []),
    ...(around ? [`${place(around)} around it`] : []),
  ];
  return ways.length === 0
    ? `${head}: no better place is free next to it`
    : `${head}: aligned to ${sizeOf(alignment)}: ${ways.join(', or ')}`;
}

function deviceText(device: DevicePlan): string[] {
  const { name, start, size, node, ways, interleave_alignment, shared, outcomes, best } = device;
  const among = ways > 1 ? `, interleaved ${ways} ways` : '';
  return [
    '',
    `${name}: ${rangeOf(start, size)}, ${sizeOf(size)}, node ${node}${among}`,
    ...section('by release', outcomes.map(outcomeText)),
    ...section(
      'sections shared',
      shared.map(
        (one) => `${rangeOf(one.start, one.size)} (${sizeOf(one.size)}) with ${one.with.join(', ')}`,
      ),
    ),
    ...section('better', best.map(bestText)),
    ...(device.kind === 'dax'
      ? []
      : [`a region of it is a multiple of ${sizeOf(interleave_alignment)} (${plural(ways, 'way')})`]),
  ];
}

/** What is lost on the newest release that has an outcome. */
function firstLine({ kind, devices, releases: all }: LayoutPlan): string {
  const what = kind === 'pmem' ? 'persistent memory or device-dax' : 'CXL region or device-dax';
  if (devices.length === 0) return `No ${what} is there.`;
  if (all.length === 0) return 'No release can have booted on this machine.';
  const newest = devices.map(({ outcomes }) => {
    const last = outcomes.filter((one) => one.last === all.at(-1));
    return last.find(({ use }) => use === (kind === 'pmem' ? 'fsdax' : 'system-ram')) ?? last[0];
  });
  const total = devices.reduce((sum, { size }) => sum + size, 0);
  const usable = newest.reduce((sum, one) => sum + (one?.usable ?? 0), 0);
  const lost = newest.reduce((sum, one) => sum + (one?.lost ?? 0), 0);
  const differs = devices.some(
    ({ outcomes }) => new Set(outcomes.map(({ use }) => use)).size < outcomes.length,
  );
  return `${plural(devices.length, 'device')}: ${sizeOf(usable)} of ${sizeOf(total)} usable with ${all.at(-1)}, ${lost === 0 ? 'nothing' : sizeOf(lost)} lost${differs ? '; older releases differ' : ''}.`;
}

export function devicesPlanText(plan: LayoutPlan): string {
  const lines = [firstLine(plan), ...plan.devices.flatMap(deviceText)];
  for (const one of plan.windows)
    lines.push(
      '',
      `${one.name}: ${rangeOf(one.start, one.size)}, ${sizeOf(one.size)}, ${plural(one.ways, 'way')} with ${one.granularity} bytes; ${sizeOf(one.free)} have no region`,
      `  a region is a multiple of ${sizeOf(one.region_alignment)}; of ${sizeOf(one.best_alignment)} to be whole memory blocks`,
    );
  return lines.map((line) => `${line}\n`).join('');
}
