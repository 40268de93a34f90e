import type { Message } from '../../src/messages/entry.ts';
import { messages } from '../../src/messages/table.ts';
import { type Counts, isHeld } from './hold.ts';
import { nameOf, whyUnreached } from './unreached.ts';

export const docsPath = new URL('../../docs/messages.md', import.meta.url);

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
const code = (text: string): string => `\`${text.replaceAll('`', "'").replaceAll('|', '\\|')}\``;

function textOf({ call, format, condition = '', device, prefix = '', cont = [] }: Message): string {
  if (format === undefined) return code(`${call}(${condition})`);
  const front = device ? '<driver> <device>: ' : prefix;
  return code(`${front}${format.trimEnd()}${cont.map((one) => ` [${one.trim()}]`).join('')}`);
}

function row(message: Message, trees: readonly string[]): string {
  const { fn, call, level, names = '', releases, dropped, not_found } = message;
  const when = `${releases ?? 'all'}${dropped === undefined ? '' : `; not ${dropped}`}`;
  const held = trees.filter((tree) => isHeld(message, tree)).length;
  const why = whyUnreached.get(nameOf(message));
  const notes = [
    ...(not_found === undefined ? [] : [`not found: ${not_found}`]),
    ...(why === undefined ? [] : [`unreached: ${why}`]),
  ].join('; ');
  return `| ${[textOf(message), fn, level === undefined ? call : `${call} ${level}`, names, when, String(held), cell(notes)].join(' | ')} |`;
}

/** docs/messages.md */
export function docsText(held: Readonly<Record<string, Counts>>): string {
  const trees = Object.keys(held);
  const files = [...new Set(messages.map(({ file }) => file))].sort();
  return `# Messages

What the model prints: ${messages.length} places of the kernel's source, ${files.length} files. Made by \`npm run messages -- --tree DIR --write\`
from \`src/messages\`; the formats are the kernel's, with the names under which their values are read. In releases, \`6.1..6.8\` are
series of the kernel, from the first that was read with it to the last before one without it; *all* is v5.2 and later. *Trees* is the number of source trees,
of those below, in whose function the format was found.

The tests hold every line that they make the kernel print against this table, for its release. The long test of messages runs the
catalogue, the recordings and random walks. It does not reach ${whyUnreached.size} messages; the notes say why (\`test/messages/unreached.json\`).

## Source trees

| release | messages | found | not found, with a reason | in files that were not read |
|---|---|---|---|---|
${Object.entries(held)
  .map(
    ([version, counts]) =>
      `| ${version} | ${counts.messages} | ${counts.found} | ${counts.explained} | ${counts.unread} |`,
  )
  .join('\n')}
${files
  .map((file) => {
    const rows = messages.filter((message) => message.file === file);
    return `
## ${file}

| message | function | call | values | releases | trees | notes |
|---|---|---|---|---|---|---|
${rows.map((message) => row(message, trees)).join('\n')}
`;
  })
  .join('')}`;
}
