import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { checkEntry } from '../../check/check-entry.ts';
import type { Told } from '../../check/checked.ts';
import { type Entry, readEntry } from '../../check/entry.ts';
import { programFinder } from '../../cli/inputs/find-program.ts';
import { replayed } from '../../cli/inputs/replayed.ts';
import { encodeToken } from '../../schedule/replay/token.ts';
import { explore } from '../../schedule/search/exploration.ts';
import { traceChrome } from '../trace/chrome.ts';
import { kernelStory, kernelStoryText } from './story.ts';
import { tellingOf } from './telling.ts';

type Threads = Extract<Told, { kind: 'threads' }>;

const scenarios = new URL('../../../scenarios/', import.meta.url);
const text = (name: string): string => readFileSync(new URL(name, scenarios), 'utf8');
/** The expected story; `vitest -u` writes it. */
const golden = (id: string): string => `../../../test/stories/${id}.txt`;

function told(entry: Entry): Threads {
  const { told: how } = checkEntry(entry, entry.release);
  if (how?.kind !== 'threads') throw new Error(`${entry.id} has no story`);
  return how;
}

const file = (id: string): string => readdirSync(scenarios).find((name) => name.startsWith(`${id}-`))!;

describe.each(['B14', 'B15', 'B16', 'B20', 'B21'])('%s', (id) => {
  let how: Threads;
  beforeAll(() => {
    how = told(readEntry(text(file(id)), file(id)));
  });

  test('is told in a couple of dozen lines', async () => {
    await expect(kernelStoryText(how.story)).toMatchFileSnapshot(golden(id));
    expect(kernelStory(how.story).lines.length).toBeLessThanOrEqual(28);
  });

  test('no step is lost, and every preemption is there', () => {
    const { lines } = kernelStory(how.story);
    const steps = lines.flatMap((line) => (line.kind === 'steps' ? line.events : []));
    expect(steps.map(({ number }) => number)).toEqual(how.story.events.map(({ number }) => number));
    expect(lines.filter((line) => line.kind === 'switch' && line.preempts).length).toBe(how.preemptions);
  });

  test('its token is replayed from the catalogue to the same text', () => {
    expect(replayed(how.token, programFinder(), 'text')).toEqual({
      out: kernelStoryText(how.story),
      error: '',
      code: 1,
    });
  });

  test('saying in which functions steps are taken changes nothing', () => {
    const { program } = programFinder()(how.story.program)!.exploration;
    const { narrated, ...silent } = program;
    const plain = explore(silent).only().replay(how.story.trace);
    const seen = ({ events }: typeof plain): unknown[] =>
      events.map(({ thread, step, result }) => [
        thread,
        step?.op === 'call' ? step.operation.name : step?.op,
        result,
      ]);
    expect(seen(how.story)).toEqual(seen(plain));
    expect(encodeToken(narrated!(), how.story.trace)).toBe(how.token);
  });

  test('a timeline has a slice a call, and slices of a thread lie in each other', () => {
    const { traceEvents } = traceChrome(how.story, tellingOf(how.story));
    const slices = traceEvents.filter(({ ph }) => ph === 'X') as unknown as {
      readonly cat: string;
      readonly tid: number;
      readonly ts: number;
      readonly dur: number;
    }[];
    expect(slices.filter(({ cat }) => cat === 'call').length).toBeGreaterThan(10);
    for (const tid of [1, 2]) {
      const open: number[] = [];
      for (const { ts, dur } of slices
        .filter((one) => one.tid === tid)
        .sort((a, b) => a.ts - b.ts || b.dur - a.dur)) {
        while (open.length > 0 && open.at(-1)! <= ts) open.pop();
        expect(ts + dur).toBeLessThanOrEqual(open.at(-1) ?? Number.POSITIVE_INFINITY);
        open.push(ts + dur);
      }
    }
  });
});

const LOCKS = `
id: two orders
release: v6.1
failure: {kind: deadlock}
machine: {arch: arm64, page_size: 4K, va_bits: 39, ram: [{start: 1G, size: 1G}], nodes: [{node: 0, cpus: 0-1}]}
threads:
  a:
    - lock_device_hotplug()
    - mem_hotplug_begin()
    - mem_hotplug_done()
    - unlock_device_hotplug()
  b:
    - mem_hotplug_begin()
    - lock_device_hotplug()
    - unlock_device_hotplug()
    - mem_hotplug_done()
`;

test('a deadlock: who waits for what, and where the others took it', async () => {
  const { story } = told(readEntry(LOCKS, 'locks.yaml'));
  await expect(kernelStoryText(story)).toMatchFileSnapshot(golden('deadlock'));
});
