/** The explorer: threads of steps over shared state, every interleaving of them, and the shortest story of a failure. */
export * from './monitors/index.ts';
export { traceChrome } from './report/trace/chrome.ts';
export { traceJson } from './report/trace/json.ts';
export { traceText } from './report/trace/text.ts';
export { BadStep } from './schedule/bad-step.ts';
export { BadCheckpoint, checkpoint, resume } from './schedule/checkpoint.ts';
export {
  conclude,
  concludeTraces,
  type ExploreOptions,
  explore,
  exploreTraces,
  statesSearch,
  tracesSearch,
} from './schedule/explore.ts';
export { acquire, holds, type LockAnswer, type LockState, release, UNLOCKED } from './schedule/locks.ts';
export type { Access, Fault, Machine as Semantics, Performed } from './schedule/machine.ts';
export type { Monitor, Violation } from './schedule/monitor.ts';
export * from './schedule/notation.ts';
export type { Program, Table, ThreadCode } from './schedule/program.ts';
export { concludePct, explorePct, pctBlock, type RandomOptions } from './schedule/random.ts';
export { ReplayDiverged, replay, type Story, type StoryEvent } from './schedule/replay.ts';
export {
  type Disagreement,
  type Reachable,
  reachableStates,
  reachableTraces,
  selfCheck,
} from './schedule/selfcheck.ts';
export type { TableAccess } from './schedule/tables.ts';
export { tell } from './schedule/tell.ts';
export { type FrameCode, FrameThread, GeneratorThread, type Thread } from './schedule/thread.ts';
export { BadToken, decodeToken, encodeToken, type Recorded, replayToken } from './schedule/token.ts';
export { ThreadDiverged } from './schedule/unfold.ts';
export type * from './schedule/verdict.ts';
export type { LockView, ThreadView, View } from './schedule/view.ts';
