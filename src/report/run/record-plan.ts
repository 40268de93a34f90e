import type { GuestKernel } from '../../record/kernel/guest-kernel.ts';
import type { Plan } from '../../record/machine/plan.ts';

/** What `mhp record --plan` prints. */

/** A word as a shell takes it. */
const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** Arguments, a line for each option with its value. */
function commandText(words: readonly string[]): string {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (word.startsWith('-') || last === undefined || !/^-\S+$/.test(last)) lines.push(shellWord(word));
    else lines[lines.length - 1] = `${last} ${shellWord(word)}`;
  }
  return lines.join(' \\\n  ');
}

export function planText(plan: Plan, kernel: GuestKernel, args: readonly string[]): string {
  const page = kernel.page_size === null ? '' : `, pages of ${kernel.page_size / 1024}K`;
  const lines = [
    `kernel: ${kernel.release ?? 'release unknown'}, ${kernel.arch}${page}, ${kernel.format}, from ${kernel.source}`,
    plan.config_known
      ? `options: ${plan.found.map(([name, value]) => `${name}=${value}`).join(' ')}`
      : 'options: unknown, there is no config beside the image or in it',
    ...plan.missing.map(({ option, why }) => `missing: ${option}: ${why}`),
    `modules: ${plan.modules.join(' ')}`,
    `to install: ${plan.install.length === 0 ? 'nothing' : plan.install.join(' ')}`,
    ...plan.left_out.map(({ step, kind, why }) => `left out: step ${step + 1}, ${kind}: ${why}`),
    `steps: ${plan.steps.length}`,
    '',
    commandText([plan.machine.program, ...args]),
    '',
  ];
  return lines.join('\n');
}

export const planJson = (plan: Plan, kernel: GuestKernel, args: readonly string[]): unknown => ({
  schema: 'mhp-record-plan/1',
  kernel: {
    source: kernel.source,
    release: kernel.release,
    arch: kernel.arch,
    page_size: kernel.page_size,
    format: kernel.format,
    config_known: plan.config_known,
  },
  options: Object.fromEntries(plan.found),
  missing: plan.missing,
  modules: plan.modules,
  install: plan.install,
  left_out: plan.left_out.map(({ step, kind, why }) => ({ step: step + 1, kind, why })),
  steps: plan.steps.length,
  command: [plan.machine.program, ...args],
});
