import { type Alarm, type Document, play } from './walk.ts';

/** Makes a sequence that raises an alarm shorter, as long as it still raises it. */

/** Names an alarm: what tells it from others on any machine. Numbers and names of objects do not. */
export function nameOf({ kind, subjects }: Alarm): string {
  const { invariant, what, operation, message = '' } = subjects;
  const said = message.replace(/0x[0-9a-f]+|\d+/g, 'N').slice(0, 60);
  return [kind, invariant, what, operation, subjects.function, said].filter(Boolean).join(' ');
}

const raises = (document: Document, name: string): boolean =>
  play(document).alarms.some((alarm) => nameOf(alarm) === name);

/** The steps without those that are not needed: first halves, then quarters, and so on. */
function withoutNeedless(document: Document, name: string): Document {
  let { steps } = document;
  for (let size = Math.ceil(steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = steps.length - size; at >= 0; at -= size) {
      const fewer = [...steps.slice(0, at), ...steps.slice(at + size)];
      if (fewer.length > 0 && raises({ ...document, steps: fewer }, name)) steps = fewer;
    }
  }
  return { ...document, steps };
}

/** What a machine can do without. */
const OPTIONAL = ['boot_options', 'debug_vm', 'block_size', 'va_bits', 'hypervisor'] as const;

function onPlainMachine(document: Document, name: string): Document {
  let found = document;
  for (const key of OPTIONAL) {
    const { [key]: _, ...machine } = found.machine;
    const plainer = { ...found, machine: machine as Document['machine'] };
    if (key in found.machine && raises(plainer, name)) found = plainer;
  }
  return found;
}

/** The shortest scenario found that raises an alarm of the same name. It ends with the step that raises it. */
export function shrink(document: Document, alarm: Alarm): Document {
  const name = nameOf(alarm);
  const cut = { ...document, steps: document.steps.slice(0, alarm.step + 1) };
  return onPlainMachine(withoutNeedless(cut, name), name);
}
