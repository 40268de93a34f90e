import type { Predicted, Predictions } from './predict.ts';

/** docs/predictions.md. */

interface Named extends Predictions {
  readonly name: string;
}

/** Why a difference cannot be mended: what the state before does not hold. By recording and step. */
export const UNKNOWABLE: readonly {
  readonly recording: RegExp;
  readonly step: RegExp;
  readonly why: string;
}[] = [
  {
    recording: /^arm64/,
    step: /pinned/,
    why: 'which page the kernel takes during the step, and so which block it pins, is chance',
  },
  {
    recording: /^arm64-6\.1-64k/,
    step: /^28-/,
    why: 'a page of the kernel lay in the block by chance; /proc/kpageflags was not recorded before the step',
  },
  {
    recording: /^arm64-7\.2-64k/,
    step: /^06-/,
    why: 'the tables that had kept the block online in the step before (page_type f2) were freed between the two steps',
  },
  {
    recording: /^x86_64-6\.1-dimm$/,
    step: /^07-/,
    why: 'the pinned page has no flags, as pages on the lists of the CPUs have none, and these hold more than it',
  },
  {
    recording: /^x86_64-6\.1-gigantic/,
    step: /^09-/,
    why: 'the program that had the page ended while the kernel waited for it',
  },
];

const count = (all: readonly { readonly difference: unknown }[]): string =>
  `${all.filter(({ difference }) => difference === null).length}/${all.length}`;

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

const KINDS: readonly (readonly [string, (one: Predicted) => boolean])[] = [
  ['online, offline', ({ kind }) => kind === 'write'],
  ['add', ({ kind }) => kind === 'device_add' || kind.startsWith('add_memory')],
  ['remove', ({ kind }) => kind === 'device_del' || kind.includes('remove')],
  ['other', () => true],
];

const kindOf = (one: Predicted): string => KINDS.find(([, is]) => is(one))![0];

export function pageOf(all: readonly Named[]): string {
  const lines = [
    '# Predictions',
    '',
    'Every operation that the recordings of real kernels hold, predicted from the state *before* its step: the machine is',
    'read from the files of the step before, booted on the model as `mhp why` and `mhp plan` do it, and the operations of',
    'the step are performed. The model is told nothing of what happened. A step with operations on devices that no file',
    'describes whole (a virtio-mem device, memory of the test module, ndctl, daxctl) begins with the model as the operations',
    'since boot have left it. Written by `npx vitest run --config vitest.long.config.ts test/predictions -u`.',
    '',
    'Results: errno, exit status, whether the device went, the status codes for the firmware. Logs: the messages about memory',
    'of a step, line by line; which page a dump shows does not count.',
    '',
    row([
      'recording',
      'release',
      'architecture',
      ...KINDS.map(([name]) => name),
      'refusals',
      'results',
      'logs',
    ]),
    row(Array(7 + KINDS.length - 1).fill('---')),
  ];
  const cellsOf = (results: readonly Predicted[]): string[] => [
    ...KINDS.map(([name]) => count(results.filter((one) => kindOf(one) === name))),
    count(results.filter(({ refused }) => refused)),
    count(results),
  ];
  for (const { name, release, arch, results, logs } of all)
    lines.push(row([name, release, arch, ...cellsOf(results), count(logs)]));
  const results = all.flatMap((one) => one.results);
  lines.push(row(['all', '', '', ...cellsOf(results), count(all.flatMap(({ logs }) => logs))]));
  lines.push('', '## What was not predicted', '');
  for (const { name, results: own, logs } of all) {
    for (const { step, operation, difference } of own)
      if (difference) lines.push(differenceLine(name, step, operation, difference));
    for (const { step, difference } of logs)
      if (difference) lines.push(differenceLine(name, step, 'log', difference));
  }
  return `${lines.join('\n')}\n`;
}

function differenceLine(
  name: string,
  step: string,
  what: string,
  { recorded, model }: { readonly recorded: string; readonly model: string },
): string {
  const reason =
    UNKNOWABLE.find((one) => one.recording.test(name) && one.step.test(step))?.why ?? 'not explained';
  return `- ${name}, ${step}, ${what}: happened \`${recorded}\`, predicted \`${model}\`: ${reason}`;
}
