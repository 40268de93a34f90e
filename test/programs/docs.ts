import { PROGRAM_MESSAGES } from '../../src/answers/explain/programs/index.ts';
import { keyOf, TEXTS } from './hold.ts';

/** By a text: the versions of its package in which it was found. */
export type Held = Readonly<Record<string, readonly string[]>>;

const cell = (text: string): string => `\`${text.replaceAll('|', '\\|')}\``;

/** docs/program-messages.md. */
export function docsText(held: Held): string {
  const rows = TEXTS.map(
    (one) =>
      `| ${one.program} | ${cell(one.text)} | ${one.file}, \`${one.fn}()\` | ${(held[keyOf(one)] ?? []).join(', ')} |`,
  );
  const reported = PROGRAM_MESSAGES.filter(({ sources }) => sources.length === 0).map(
    ({ program, pattern, reported: of }) => `| ${program} | ${cell(pattern.source)} | ${of} |`,
  );
  return `# Messages of programs

What \`mhp explain\` knows of QEMU, libvirt, ndctl, daxctl, udev, chmem and shells: ${TEXTS.length} texts, each held against the function that
prints it. Made by \`npm run programs -- --tree DIR … --write\` from \`src/answers/explain/programs\`. Literals are joined, and
macros replaced; *found* are the versions whose source has the text in that function.

| program | text | where | found |
|---|---|---|---|
${rows.join('\n')}

Known from reports alone, as a pattern:

| program | pattern | from |
|---|---|---|
${reported.join('\n')}
`;
}
