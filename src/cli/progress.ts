/**
 * Prints on a terminal how much of the work is done, and an estimate of the remaining time.
 * @param total the number of pieces
 * @param done the number of pieces done before, in another run
 * @returns a function to be called after each piece
 */
export function progress(total: number, done = 0): (piece: string) => void {
  if (!process.stderr.isTTY) return () => {};
  const began = performance.now();
  let now = done;
  return (piece) => {
    now++;
    const left = Math.ceil((((performance.now() - began) / 1000) * (total - now)) / (now - done));
    const line = now === total ? '' : `${now}/${total}, about ${left} s left: ${piece}`;
    process.stderr.write(`\r\u001b[K${line}`);
  };
}

/** Says on a terminal what is being done, until it is done or fails. */
export async function underway<T>(what: string, work: () => T | Promise<T>): Promise<T> {
  if (!process.stderr.isTTY) return work();
  process.stderr.write(`\r\u001b[K${what} …`);
  try {
    return await work();
  } finally {
    process.stderr.write('\r\u001b[K');
  }
}
