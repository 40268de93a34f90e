/** What must be undone before this process ends, whatever ends it but SIGKILL. */

const undos = new Set<() => void>();

process.on('exit', () => {
  for (const undo of undos) undo();
});

/** @returns what makes it forget `undo`, which has been done or is not needed any more */
export function undoAtExit(undo: () => void): () => void {
  undos.add(undo);
  return () => void undos.delete(undo);
}
