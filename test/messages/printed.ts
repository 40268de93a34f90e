import type { Message } from '../../src/messages/entry.ts';
import { assertionsOf, isAssertion, recognise } from '../../src/messages/recognise.ts';
import { hasMessage } from '../../src/messages/releases.ts';
import { messages } from '../../src/messages/table.ts';
import { mainline } from '../../src/releases/index.ts';
import type { RunEvent } from '../../src/schedule/runner.ts';
import { findingOf } from './findings.ts';

/** The release if it is one of mainline; a series or a design may print what its base does not. */
export const kernelRelease = (name: string | undefined): string | undefined =>
  mainline.find((release) => release.name === name)?.name;

/** Functions that a compiler makes part of their caller, or whose macro prints in the name of its user. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  __add_pages: ['check_pfn_span'],
  __remove_pages: ['__remove_section', 'check_pfn_span'],
  apply_to_page_range: ['__apply_to_page_range'],
  phys_pmd_init: ['set_pmd_safe'],
  phys_pud_init: ['set_pud_safe'],
  section_deactivate: ['clear_subsection_map'],
};

const partsOf = (fn: string): readonly string[] => [fn, ...(PARTS[fn] ?? [])];

/** What a line of the model is in the table. */
export interface Printed {
  /** The entries; more than one for a WARN_ON() or BUG_ON(), of which the model does not say which one it is. */
  readonly messages: readonly Message[];
  /** What is wrong with it: it is no message of the release, or several. */
  readonly wrong: string | null;
}

const FINE: Printed = { messages: [], wrong: null };

const levelOf = ({ call, level }: Message): number => {
  const name = (level ?? call)
    .replace(/^(KERN_|pr_|dev_)/, '')
    .replace(/_(once|ratelimited)$/, '')
    .toLowerCase();
  const levels: Readonly<Record<string, number>> = {
    emerg: 0,
    alert: 1,
    crit: 2,
    err: 3,
    warn: 4,
    warning: 4,
    warn_alloc: 4,
    notice: 5,
    info: 6,
    debug: 7,
    dbg: 7,
  };
  return levels[name] ?? 4;
};

/** Several functions may print the same; and of any release, several messages may be meant. */
function exactlyOne(found: readonly Message[], what: string, release: string | undefined): Printed {
  const texts = new Set(found.map(({ prefix = '', format, condition }) => prefix + (format ?? condition)));
  if (texts.size === 1 || (texts.size > 1 && release === undefined)) return { messages: found, wrong: null };
  const places = found.map(({ file, fn }) => `${file} ${fn}`).join(', ');
  return { messages: found, wrong: `${what}: ${found.length === 0 ? 'no message' : places}` };
}

/** A WARN() or BUG() of a function, with or without a text. */
function assertion(kind: 'warn' | 'bug', where: string, text: string, release: string | undefined): Printed {
  const what = `${kind} at ${where}${text === '' ? '' : `: ${text}`} (${release ?? 'any release'})`;
  if (kind === 'bug' && findingOf(text) !== null) return FINE;
  if (text === '') {
    const found = partsOf(where).flatMap((fn) => assertionsOf(fn, kind, release));
    return { messages: found, wrong: found.length > 0 ? null : `${what}: no such assertion` };
  }
  const dumped = /^page dumped because: (VM_BUG_ON_\w+)\((.*)\)$/.exec(text);
  if (dumped)
    return exactlyOne(
      messages.filter(
        (message) =>
          message.call.startsWith('VM_BUG_ON') &&
          (message.says ?? [message.condition]).includes(dumped[2]!) &&
          (message.file.startsWith('include/') || partsOf(where).includes(message.fn)) &&
          (release === undefined || hasMessage(message, release)),
      ),
      what,
      release,
    );
  const condition = /^(?:VM_)?BUG_ON\((.*)\)(?:, order \d+)?$/.exec(text)?.[1] ?? text;
  const asserted = assertionsOf(where, kind, release, condition);
  if (asserted.length > 0) return exactlyOne(asserted, what, release);
  const said = recognise(text, release).map(({ message }) => message);
  return exactlyOne(
    said.filter((message) => kind === 'bug' || (isAssertion(message) && partsOf(where).includes(message.fn))),
    what,
    release,
  );
}

/** Looks up what the kernel of a release prints. */
export function printed(event: RunEvent, name: string | undefined): Printed {
  const release = kernelRelease(name);
  if (event.kind === 'lock') return FINE;
  if (event.kind !== 'printk') return assertion(event.kind, event.where, event.text, release);
  const found = recognise(event.text, release).map(({ message }) => message);
  const one = exactlyOne(found, `"${event.text}" (${release ?? 'any release'})`, release);
  const wrongLevel = found.find((message) => levelOf(message) !== event.level);
  return one.wrong === null && wrongLevel && release !== undefined
    ? {
        ...one,
        wrong: `"${event.text}" (${release}): level ${event.level}, ${wrongLevel.call} in the kernel`,
      }
    : one;
}
