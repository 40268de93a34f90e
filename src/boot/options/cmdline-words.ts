/** Words of a kernel command line up to `--`, behind which they are for init; a quoted value stays one word. */
export function cmdlineWords(cmdline: string): string[] {
  const words: string[] = cmdline.match(/(?:[^\s"]|"[^"]*")+/g) ?? [];
  const end = words.indexOf('--');
  return end < 0 ? words : words.slice(0, end);
}

/** The value of the last `name=value`. */
export const valueIn = (words: readonly string[], name: string): string | undefined =>
  words.findLast((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
