/** Prints notes to standard error: standard output has only what was asked for. */
export function printNotes(notes: readonly string[]): void {
  process.stderr.write(notes.map((note) => `note: ${note}\n`).join(''));
}
