import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { callsText, path } from './calls.ts';

test('src/kernel/calls.json is what the catalogue does now (npm run calls -- --write renews it)', () => {
  expect(callsText()).toBe(readFileSync(path, 'utf8'));
}, 600_000);
