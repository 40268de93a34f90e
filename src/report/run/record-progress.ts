import type { Progress } from '../../record/record.ts';

/** What `mhp record` prints while it works. */

const s = (seconds: number): string => `${seconds.toFixed(1)} s`;

function outcome(op: Readonly<Record<string, unknown>>): string {
  if (op.crashed) return 'the kernel crashed';
  if (typeof op.error === 'string') return `refused: ${op.error}`;
  if (op.unknown) return 'the outcome is not known';
  if (typeof op.errno === 'string')
    return op.interrupted_after_s ? `hung, ended after ${op.interrupted_after_s} s` : op.errno;
  if (Array.isArray(op.ost) && op.ost.length > 0) return `OST ${op.ost.join(' ')}`;
  if (typeof op.plugged === 'number') return `0x${op.plugged.toString(16)} plugged`;
  if (typeof op.exit === 'number' && op.exit !== 0) return `exit ${op.exit}`;
  return op.op === 'observe' ? '' : 'success';
}

export function progressText(event: Progress): string {
  if (event.what === 'boot') return `boot: ${s(event.seconds)}\n`;
  const last = event.ops.at(-1);
  const told = event.step === 0 || last === undefined ? '' : `  ${outcome(last)}`;
  const lost = event.unread.map(({ what, why }) => `    not read: ${what}: ${why}\n`).join('');
  return `${String(event.step).padStart(2)}  ${event.text}${told}  (${s(event.seconds)}, snapshot ${s(event.snapshot_seconds)})\n${lost}`;
}
