/** The explorer: threads of steps over shared state, every interleaving of them, and the shortest story of a failure. */

export { UserError } from './errors/user-error.ts';
export { traceChrome } from './report/trace/chrome.ts';
export { traceJson } from './report/trace/json.ts';
export { traceText } from './report/trace/text.ts';
export * from './schedule/monitors/index.ts';
export type { Monitor, Violation } from './schedule/monitors/monitor.ts';
export { BadStep } from './schedule/program/bad-step.ts';
export * from './schedule/program/notation.ts';
export type { Program, Table, ThreadCode } from './schedule/program/program.ts';
export type { Access, Fault, Performed, Semantics } from './schedule/program/semantics.ts';
export type { FrameCode } from './schedule/program/thread.ts';
export type {
  RandomOptions,
  RandomRuns,
  RandomSearch,
  RandomWorkers,
} from './schedule/random/random-search.ts';
export { BadCheckpoint } from './schedule/replay/checkpoint.ts';
export { ReplayDiverged, type Story, type StoryEvent } from './schedule/replay/replay.ts';
export { BadToken, decodeToken, type RecordedTrace } from './schedule/replay/token.ts';
export type * from './schedule/replay/verdict.ts';
export type { Progress } from './schedule/search/control.ts';
export { type Exploration, explore } from './schedule/search/exploration.ts';
export type { Watch } from './schedule/search/pace.ts';
export type { Search } from './schedule/search/search.ts';
export type { Disagreement, SelfCheck } from './schedule/search/selfcheck.ts';
export type { TableAccess } from './schedule/semantics/table-system.ts';
export { ThreadDiverged } from './schedule/semantics/unfold.ts';
export type { LockView, ThreadView, View } from './schedule/semantics/view.ts';
export type { LockKind, LockMode, Step, Steps, Value } from './steps/step.ts';
