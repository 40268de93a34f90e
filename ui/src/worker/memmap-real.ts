export { findMemRelease } from '../../../src/memmap/releases/mem-releases.ts';
export { memStepText } from '../../../src/memmap/report/mem-text.ts';
export { parseMemScenario } from '../../../src/memmap/scenarios/mem-scenario.ts';
export { runMemScenario } from '../../../src/memmap/scenarios/mem-session.ts';
