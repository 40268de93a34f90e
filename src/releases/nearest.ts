/** The edit distance of two texts: letters to insert, delete or replace. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}

/** The names most similar to an unknown one, the nearest first: at most `n`, and none that is too different. */
export function nearest(name: string, names: Iterable<string>, n = 3): string[] {
  return [...names]
    .map((known) => ({ known, far: known.includes(name) ? 1 : distance(name, known) }))
    .filter(({ far }) => far < name.length && far <= Math.max(2, name.length / 3))
    .sort((a, b) => a.far - b.far || (a.known < b.known ? -1 : 1))
    .slice(0, n)
    .map(({ known }) => known);
}
