import { PROGRAM_MESSAGES } from '../../src/answers/explain/programs/index.ts';
import type { ProgramMessage, ProgramSource } from '../../src/answers/explain/programs/message.ts';
import { place } from '../claims/source.ts';

/** Messages of programs against the source trees of these programs. */

/** Where a text stands, and in which versions it was found there. */
export interface HeldText extends ProgramSource {
  readonly program: ProgramMessage['program'];
}

export const TEXTS: readonly HeldText[] = PROGRAM_MESSAGES.flatMap(({ program, sources }) =>
  sources.map((source) => ({ ...source, program })),
);

/** The packages whose source has the messages of a program. */
export const PACKAGES: Readonly<Record<ProgramMessage['program'], readonly string[]>> = {
  qemu: ['qemu'],
  libvirt: ['libvirt'],
  ndctl: ['ndctl'],
  daxctl: ['ndctl'],
  'systemd-udevd': ['systemd', 'systemd-stable'],
  'util-linux': ['util-linux'],
  shell: ['bash', 'dash'],
  kdump: ['kdump-tools'],
};

/** Names that stand between literals, and what they are. */
const MACROS: readonly (readonly [RegExp, string])[] = [
  [/\bPRI([xu])64\b/g, '"l$1"'],
  [/\bPRI([xu])32\b/g, '"$1"'],
  [/\bRAM_ADDR_FMT\b/g, '"%lx"'],
  [/\bVIRTIO_MEM_REQUESTED_SIZE_PROP\b/g, '"requested-size"'],
  [/\bVIRTIO_MEM_UNPLUGGED_INACCESSIBLE_PROP\b/g, '"unplugged-inaccessible"'],
];

/** C source with adjacent literals joined. */
const joined = (text: string): string =>
  MACROS.reduce((all, [name, value]) => all.replaceAll(name, value), text)
    .replaceAll(/(?<!\\)"\s*"/g, '')
    .replaceAll(/%\d\$/g, '%');

/** What is wrong with a text in a file's source; null if its function has it. */
export function fault(source: string, { fn, text }: ProgramSource): string | null {
  const found = place(joined(source), { function: fn, has: [text.replaceAll('"', '\\"')] });
  return typeof found === 'number' ? null : found;
}

/** The key of a text in held.json. */
export const keyOf = ({ file, fn, text }: ProgramSource): string => `${file} ${fn} ${text}`;
