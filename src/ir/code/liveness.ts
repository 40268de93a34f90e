/** Registers that are read later: 1 at the number of each. */
export type Live = Uint8Array<ArrayBuffer>;

/** An instruction as the liveness analysis sees it: registers by number. */
export interface Flow {
  readonly defs: readonly number[];
  readonly uses: readonly number[];
  /** The instructions that may follow, by index. */
  readonly next: readonly number[];
}

/** The registers live before each instruction, by iteration to the fixpoint. */
export function liveBefore(flow: readonly Flow[], registers: number): Live[] {
  const before = flow.map(() => new Uint8Array(registers));
  for (let changed = true; changed; ) {
    changed = false;
    for (let i = flow.length - 1; i >= 0; i--) {
      const live = liveAfter(flow, before, i, registers);
      for (const d of flow[i]!.defs) live[d] = 0;
      for (const u of flow[i]!.uses) live[u] = 1;
      const old = before[i]!;
      if (live.some((bit, r) => bit !== old[r])) {
        before[i] = live;
        changed = true;
      }
    }
  }
  return before;
}

/** The registers live after an instruction. */
export function liveAfter(
  flow: readonly Flow[],
  before: readonly Live[],
  i: number,
  registers: number,
): Live {
  const live = new Uint8Array(registers);
  for (const next of flow[i]!.next) {
    const then = before[next]!;
    for (let r = 0; r < registers; r++) if (then[r] === 1) live[r] = 1;
  }
  return live;
}
