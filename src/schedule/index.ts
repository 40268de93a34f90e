/** The explorer: threads of steps over shared state, every interleaving of them, and the shortest story of a failure. */
export * from '../monitors/index.ts';
export { traceChrome } from '../report/trace-chrome.ts';
export { traceJson } from '../report/trace-json.ts';
export { traceText } from '../report/trace-text.ts';
export { BadCheckpoint, checkpoint, resume } from './checkpoint.ts';
export {
  conclude,
  concludeTraces,
  type ExploreOptions,
  explore,
  exploreTraces,
  statesSearch,
  tracesSearch,
} from './explore.ts';
export { acquire, holds, type LockAnswer, type LockState, release, UNLOCKED } from './locks.ts';
export type { Access, Fault, Machine as Semantics, Performed } from './machine.ts';
export type { Monitor, Violation } from './monitor.ts';
export * from './notation.ts';
export type { Program, Table, ThreadCode } from './program.ts';
export { concludePct, explorePct, pctBlock, type RandomOptions } from './random.ts';
export { ReplayDiverged, replay, type Story, type StoryEvent } from './replay.ts';
export {
  type Disagreement,
  type Reachable,
  reachableStates,
  reachableTraces,
  selfCheck,
} from './selfcheck.ts';
export type { TableAccess } from './tables.ts';
export { tell } from './tell.ts';
export { type FrameCode, FrameThread, GeneratorThread, type Thread } from './thread.ts';
export { BadToken, decodeToken, encodeToken, type Recorded, replayToken } from './token.ts';
export { ThreadDiverged } from './unfold.ts';
export type * from './verdict.ts';
export type { LockView, ThreadView, View } from './view.ts';
