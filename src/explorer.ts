/** The explorer: threads of steps over shared state, every interleaving of them, and the shortest story of a failure. */

export { traceChrome } from './report/trace/chrome.ts';
export { traceJson } from './report/trace/json.ts';
export { traceText } from './report/trace/text.ts';
export * from './schedule/monitors/index.ts';
export type { Monitor, Violation } from './schedule/monitors/monitor.ts';
export { BadStep } from './schedule/program/bad-step.ts';
export type { Access, Fault, Machine as Semantics, Performed } from './schedule/program/machine.ts';
export * from './schedule/program/notation.ts';
export type { Program, Table, ThreadCode } from './schedule/program/program.ts';
export { type FrameCode, FrameThread, GeneratorThread, type Thread } from './schedule/program/thread.ts';
export { concludePct, explorePct, pctBlock, type RandomOptions } from './schedule/random/random.ts';
export { BadCheckpoint, checkpoint, resume } from './schedule/replay/checkpoint.ts';
export { ReplayDiverged, replay, type Story, type StoryEvent } from './schedule/replay/replay.ts';
export { tell } from './schedule/replay/tell.ts';
export { BadToken, decodeToken, encodeToken, type Recorded, replayToken } from './schedule/replay/token.ts';
export type * from './schedule/replay/verdict.ts';
export {
  conclude,
  concludeTraces,
  type ExploreOptions,
  explore,
  exploreTraces,
  statesSearch,
  tracesSearch,
} from './schedule/search/explore.ts';
export {
  type Disagreement,
  type Reachable,
  reachableStates,
  reachableTraces,
  selfCheck,
} from './schedule/search/selfcheck.ts';
export {
  acquire,
  holds,
  type LockAnswer,
  type LockState,
  release,
  UNLOCKED,
} from './schedule/semantics/locks.ts';
export type { TableAccess } from './schedule/semantics/tables.ts';
export { ThreadDiverged } from './schedule/semantics/unfold.ts';
export type { LockView, ThreadView, View } from './schedule/semantics/view.ts';
