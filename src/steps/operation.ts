/**
 * One indivisible operation on a structure that is protected as a whole (the resource tree under its lock, a run map of
 * pages): data and module-level functions, never closures over a run. `run` takes a world and the arguments of a step.
 */
export interface Operation<
  W = unknown,
  A extends readonly unknown[] = readonly unknown[],
  T = unknown,
  Writes extends boolean = boolean,
> {
  readonly name: string;
  /** The structure, by name. */
  readonly obj: string;
  readonly writes: Writes;
  run(world: W, ...args: A): T;
}
