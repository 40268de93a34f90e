import { createHash } from 'node:crypto';
import type { Message } from '../../src/messages/entry.ts';
import { hasMessage } from '../../src/messages/releases.ts';
import { messages } from '../../src/messages/table.ts';
import { type CCall, callsOf, prFmtOf } from './c-source.ts';

export interface Counts {
  /** Messages of the release. */
  readonly messages: number;
  readonly found: number;
  /** Not found, and listed with a reason. */
  readonly explained: number;
  /** In files that a tree, of which only a part could be read, does not have. */
  readonly unread: number;
  /** What was held: a digest of the messages of the release. */
  readonly digest: string;
}

export interface Held {
  readonly counts: Counts;
  /** One line for each message that is wrong. */
  readonly errors: readonly string[];
}

const same = (message: Message, call: CCall): boolean =>
  call.fn === message.fn &&
  call.call === message.call &&
  (call.level ?? undefined) === message.level &&
  (message.format === undefined
    ? call.format === null && (call.first || undefined) === message.condition
    : call.format === message.format);

const about = ({ file, fn, call, format, condition = '' }: Message): string =>
  `${file} ${fn}(): ${format === undefined ? `${call}(${condition})` : `${call} "${format}"`}`;

/** Whether the message belongs to those that the tree of this version was held against. */
export const isHeld = (message: Message, version: string): boolean =>
  hasMessage(message, version) && (message.held_in?.includes(version) ?? true);

/** A digest of the messages that a release has: other messages are not those that a tree was held against. */
export function digestOf(version: string): string {
  const listed = messages.filter((message) => isHeld(message, version));
  const text = JSON.stringify(
    listed.map(({ file, fn, call, level, format, condition, prefix }) => [
      file,
      fn,
      call,
      level,
      format,
      condition,
      prefix,
    ]),
  );
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/**
 * Holds the messages against a source tree.
 * @param read the text of a file of the tree, by its path; null if the tree does not have it
 */
export function hold(read: (file: string) => string | null, version: string): Held {
  const errors: string[] = [];
  const files = new Map<string, { calls: readonly CCall[]; prFmt: string } | null>();
  const sourceOf = (file: string): { calls: readonly CCall[]; prFmt: string } | null => {
    if (!files.has(file)) {
      const text = read(file);
      files.set(file, text === null ? null : { calls: callsOf(text), prFmt: prFmtOf(text) });
    }
    return files.get(file)!;
  };
  let [expected, found, explained, unread] = [0, 0, 0, 0];
  for (const message of messages) {
    const source = sourceOf(message.file);
    const module = message.file.replace(/^.*\/|\.c$/g, '');
    const prefix = source?.prFmt.replace('<KBUILD_MODNAME>', module) ?? '';
    const prefixed = !message.call.startsWith('pr_') || prefix === (message.prefix ?? '');
    const has = prefixed && (source?.calls.some((call) => same(message, call)) ?? false);
    if (!hasMessage(message, version)) {
      if (has) errors.push(`${about(message)}: ${version} has it, and is not among its releases`);
      continue;
    }
    if (!isHeld(message, version)) {
      if (has) errors.push(`${about(message)}: ${version} has it, and is not in held_in`);
      continue;
    }
    expected++;
    if (source === null) {
      if (read('mm/memory_hotplug.c') !== null && read('drivers/base/memory.c') !== null)
        errors.push(`${about(message)}: no such file`);
      else unread++;
      continue;
    }
    if (has) found++;
    if (has && message.not_found !== undefined)
      errors.push(`${about(message)}: found, so "${message.not_found}" is not needed`);
    if (!has && message.not_found !== undefined) explained++;
    if (!has && message.not_found === undefined)
      errors.push(`${about(message)}: not found${prefixed ? '' : `: pr_fmt() puts "${prefix}" before it`}`);
  }
  return {
    counts: { messages: expected, found, explained, unread, digest: digestOf(version) },
    errors,
  };
}
