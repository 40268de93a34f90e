import { expect, test } from 'vitest';
import { standardMonitors } from '../monitors/index.ts';
import { reachableTraces } from '../search/reachable.ts';
import { lastzero } from './classics.ts';

test('traces mode runs one execution for each of the 147456 traces of lastzero(15)', () => {
  const { executions, redundant } = reachableTraces(lastzero(15), standardMonitors);
  expect({ executions, redundant }).toEqual({ executions: 147_456, redundant: 0 });
});
