import { loadavg } from 'node:os';
import type { Page } from 'playwright-core';
import { checkEntry } from '../../src/check/check-entry.ts';
import { catalogue } from '../../src/cli/inputs/catalogue.ts';
import { CHROMIUM, Lab } from './browser.ts';
import { buildLab } from './built.ts';

// npm run timings: how long the lab takes in Chromium on this machine, as median and 95th percentile. No test asserts them.

const RUNS = 5;
const STEPS = 200;

const at = (sorted: readonly number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!;

function tell(what: string, ms: readonly number[]): void {
  const sorted = [...ms].sort((a, b) => a - b);
  process.stdout.write(
    `${what}: median ${at(sorted, 0.5).toFixed(1)} ms, p95 ${at(sorted, 0.95).toFixed(1)} ms (${ms.length})\n`,
  );
}

/** Milliseconds from the beginning of the navigation until something is there, in a browser that has seen nothing yet. */
async function untilThere(lab: Lab, hash: string, selector: string): Promise<number> {
  const page = await lab.page(hash);
  const handle = await page.waitForFunction(
    (wanted) => (document.querySelector(wanted) ? performance.now() : false),
    selector,
    { polling: 'raf' },
  );
  const ms = (await handle.jsonValue()) as number;
  await page.context().close();
  return ms;
}

/** The script and layout of each of many events; what is painted afterwards is not in it. */
const work = (page: Page, times: number, event: 'step' | 'pan'): Promise<number[]> =>
  page.evaluate(
    async ({ times, event }) => {
      const found: number[] = [];
      for (let i = 0; i < times; i++) {
        const from = performance.now();
        if (event === 'step') dispatchEvent(new KeyboardEvent('keydown', { key: 'j' }));
        else
          document
            .querySelector('canvas.map')!
            .dispatchEvent(new WheelEvent('wheel', { deltaY: i % 40 < 20 ? 1 : -1, bubbles: true }));
        await Promise.resolve();
        await new Promise<void>((done) => {
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => done();
          port2.postMessage(null);
        });
        document.body.getBoundingClientRect();
        found.push(performance.now() - from);
        await new Promise(requestAnimationFrame);
      }
      return found;
    },
    { times, event },
  );

if (!CHROMIUM) throw new Error('there is no Chromium: set CHROMIUM to its path');
buildLab();
const { entry } = catalogue((id) => id === 'B14')[0]!;
const { told } = checkEntry(entry, entry.release);
const token = told?.kind === 'threads' ? told.token : '';
const lab = await Lab.open();
const load = (): string =>
  `load ${loadavg()
    .map((one) => one.toFixed(1))
    .join(' ')}\n`;
process.stdout.write(load());

const many = async (hash: string, selector: string): Promise<number[]> => {
  const found: number[] = [];
  for (let i = 0; i < RUNS; i++) found.push(await untilThere(lab, hash, selector));
  return found;
};
tell('interactive', await many('#/explorer', 'button[type=submit]'));
tell('token to story', await many(`#/story?token=${token}`, 'table.story'));
tell('cold check of B14', await many('#/story?id=B14', 'table.story'));

const long = await lab.page('#/story?id=B37&step=2000');
await long.waitForSelector('table.story');
await work(long, 20, 'step');
tell('a step of B37, 4,174 steps', await work(long, STEPS, 'step'));
await long.context().close();

const map = await lab.page('#/machine?file=');
await map.setInputFiles('input[type=file]', {
  name: 'lsmem.txt',
  mimeType: 'text/plain',
  buffer: Buffer.from(
    'RANGE SIZE STATE REMOVABLE BLOCK\n0x0000000000000000-0x000003ffffffffff 4T online yes 0-32767\n\nMemory block size: 128M\n',
  ),
});
await map.waitForSelector('canvas.map');
tell('a map of 32,768 blocks panned', await work(map, STEPS, 'pan'));
await map.context().close();

const explorer = await lab.page('#/explorer');
await explorer.evaluate(() => {
  const kept = globalThis as unknown as { tasks: number[] };
  kept.tasks = [];
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) kept.tasks.push(duration);
  }).observe({ type: 'longtask' });
});
const stops: number[] = [];
for (let i = 0; i < RUNS; i++) {
  await explorer.fill('input[list=programs]', 'hotrm(512)');
  await explorer.click('button[type=submit]');
  await explorer.waitForSelector('button:has-text("Stop")');
  await explorer.waitForTimeout(1000);
  stops.push(
    await explorer.evaluate(async () => {
      const stop = [...document.querySelectorAll('button')].find((one) => one.textContent === 'Stop');
      const from = performance.now();
      stop?.click();
      while (document.querySelector('.busy')) await new Promise(requestAnimationFrame);
      return performance.now() - from;
    }),
  );
}
tell('stop', stops);
const tasks = await explorer.evaluate(() => (globalThis as unknown as { tasks: number[] }).tasks);
process.stdout.write(
  `tasks of more than 50 ms on the page while it explores: ${tasks.length}${tasks.length ? `, the longest ${Math.max(...tasks).toFixed(0)} ms` : ''}\n`,
);
await lab.end();
process.stdout.write(load());
