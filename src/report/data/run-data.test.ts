import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { boot } from '../../boot/boot.ts';
import { findRelease } from '../../releases/index.ts';
import { parseScenario } from '../../scenarios/format/read.ts';
import { runScenario } from '../../scenarios/running/run-scenario.ts';
import { Session } from '../../scenarios/running/session.ts';
import { applied } from './delta.ts';
import { RunRecorder, runData } from './run-data.ts';
import { machineSnapshot } from './run-state.ts';
import { runSchema } from './schema.ts';

function dimm() {
  const file = new URL('../../../scenarios/dimm.yaml', import.meta.url);
  const scenario = parseScenario(readFileSync(file, 'utf8'), 'scenarios/dimm.yaml');
  if (typeof scenario.machine === 'string') throw new Error('the machine is in another file');
  return { scenario, session: new Session(boot(scenario.machine, findRelease('v6.1')!)) };
}

test('a run of a DIMM: after each delta there is the machine as it is then', () => {
  const { scenario, session } = dimm();
  const recorder = new RunRecorder(session);
  let now = recorder.initial;
  for (const outcome of runScenario(scenario, session)) {
    recorder.add(outcome);
    now = applied(now, recorder.steps.at(-1)!.delta);
    expect(now).toEqual(machineSnapshot(session));
  }
  const data = runData({ machine: scenario.file, title: scenario.title, notes: [] }, session, recorder);
  expect(runSchema.parse(JSON.parse(JSON.stringify(data)))).toEqual(data);
  expect(data).toMatchObject({ page_size: 4096, block_size: 2 ** 27, subsection_size: 2 ** 21 });
  const [first] = data.steps;
  expect(first!.delta.blocks!.memory40).toEqual({
    start: '0x140000000',
    state: 'offline',
    nodes: [1],
    zone: null,
  });
  const refused = data.steps[6]!;
  expect(refused).toMatchObject({
    result: 'EBUSY',
    ost: [132, 130],
    ost_names: ['EJECT_IN_PROGRESS', 'DEVICE_BUSY'],
    holders: [{ block: 44, function: 'has_unmovable_pages' }],
  });
  expect(refused.delta.blocks!.memory40).toMatchObject({ state: 'online', zone: 'Normal' });
  expect(refused.messages.find(({ text }) => text.includes('Offline failed'))?.level).toBe(4);
});
