import type { StoryEvent } from '../../schedule/replay/replay.ts';
import type { Step } from '../../steps/step.ts';

/** A field as people write it: a plain variable by its name, an element as name#key. */
function placeText(obj: string, key: number, field: string): string {
  if (field !== 'v') return `${obj}#${key}.${field}`;
  return key === 0 ? obj : `${obj}#${key}`;
}

/** A value, short enough for a column. */
function valueText(value: unknown): string {
  if (value === undefined) return '?';
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  return text.length > 24 ? `${text.slice(0, 21)}...` : text;
}

const LOCK_NAMES = {
  spinlock: { read: 'spin', write: 'spin' },
  mutex: { read: 'mutex', write: 'mutex' },
  rwsem: { read: 'read', write: 'write' },
  percpu_rwsem: { read: 'read', write: 'write' },
  rcu: { read: 'rcu', write: 'rcu' },
} as const;

/** What a step requests, without its result. */
export function askText(step: Step): string {
  switch (step.op) {
    case 'read':
      return `read ${placeText(step.obj, step.key, step.field)}`;
    case 'write':
      return `write ${placeText(step.obj, step.key, step.field)} = ${valueText(step.value)}`;
    case 'atomic':
      return `${step.kind} ${placeText(step.obj, step.key, step.field)}`;
    case 'wait': {
      const sign = step.until === 'eq' ? '==' : '!=';
      return `wait ${placeText(step.obj, step.key, step.field)} ${sign} ${valueText(step.value)}`;
    }
    case 'call':
      return `${step.operation.name}(${step.operation.obj})`;
    case 'lock':
    case 'unlock': {
      const verb = step.op === 'lock' && step.try ? 'trylock' : step.op;
      return `${verb} ${step.lock} (${LOCK_NAMES[step.kind][step.mode]})`;
    }
    case 'alloc':
    case 'free':
      return `${step.op} ${step.obj}#${step.key}`;
    case 'printk':
      return `printk "${step.text}"`;
    case 'warn':
      return `WARN ${step.where}: ${step.text}`;
    case 'bug':
      return `BUG ${step.where}: ${step.text}`;
    case 'choose':
      return `choose 1 of ${step.n}`;
    case 'signal':
      return `loop in ${step.where}`;
    case 'start':
    case 'join':
      return `${step.op} ${step.thread}`;
    case 'call_rcu':
      return `call_rcu ${step.thread}`;
    case 'synchronize_rcu':
      return 'synchronize_rcu';
    case 'enter':
    case 'forget':
    case 'leave':
      return step.op;
  }
}

/** What a step requested, and its result. */
export function eventText(event: StoryEvent): string {
  const { step, result, before } = event;
  if (step === undefined) return 'ends';
  const text = doneText(step, result, before, event);
  const mark = event.fault ? ` ** ${event.fault.kind}` : '';
  return text + mark;
}

function doneText(step: Step, result: unknown, before: unknown, event: StoryEvent): string {
  const ask = askText(step);
  if (event.fault && step.op !== 'bug') return ask;
  switch (step.op) {
    case 'read':
      return `${ask} -> ${valueText(result)}`;
    case 'write':
      return `${ask} (was ${valueText(before)})`;
    case 'atomic': {
      if (step.kind === 'add') return `${ask} + ${valueText(step.value)} (was ${valueText(result)})`;
      if (step.kind === 'xchg') return `${ask} = ${valueText(step.value)} (was ${valueText(result)})`;
      const took = Object.is(result, step.expect);
      return `${ask} ${valueText(step.expect)} -> ${valueText(step.value)}${took ? '' : ` fails (is ${valueText(result)})`}`;
    }
    case 'lock':
      if (event.again) return `${ask} announced`;
      return step.try ? `${ask} ${result ? 'taken' : 'busy'}` : ask;
    case 'synchronize_rcu':
      return event.again ? `${ask} begins` : `${ask} is over`;
    case 'alloc':
      return result ? ask : `${ask} fails`;
    case 'choose':
      return `${ask} -> ${valueText(result)}`;
    case 'signal':
      return result ? `${ask}: signal` : ask;
    case 'call':
    case 'join':
    case 'wait':
      return `${ask} -> ${valueText(result)}`;
    default:
      return ask;
  }
}
