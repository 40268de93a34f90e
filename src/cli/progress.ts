/**
 * Tells on a terminal how much of a piece of work is done, and how long the rest takes if it goes on as it did.
 * @param total pieces
 * @param done those done before, in another run
 * @returns called after each piece
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
