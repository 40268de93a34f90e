import { CHROMIUM, Lab } from '../lab/browser.ts';
import { buildLab } from '../lab/built.ts';

// npm run pictures: the pictures of docs/pictures that are shown as pixels, from the pages there and from the lab. A person looks
// at them before they are committed.

const FOLDER = new URL('../../docs/pictures/', import.meta.url);

interface Picture {
  readonly name: string;
  /** A view of the lab, or a page or drawing of docs/pictures. */
  readonly of: { readonly hash: string } | { readonly file: string };
  readonly wait?: string;
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
}

const PICTURES: readonly Picture[] = [
  { name: 'story', of: { file: 'B14.html' }, width: 1440, height: 1330 },
  { name: 'B37', of: { file: 'B37.html' }, height: 1300 },
  { name: 'deadlock', of: { file: 'B98.html' }, height: 900, dark: true },
  { name: 'may-hold', of: { file: 'B24.html' }, height: 1000 },
  { name: 'plan', of: { file: 'plan.html' }, height: 900 },
  { name: 'dimm', of: { file: 'dimm.html' }, height: 1100 },
  { name: 'blocks-32768', of: { file: 'blocks-32768.svg' }, height: 520 },
  { name: 'geometry', of: { file: 'geometry.svg' }, height: 270 },
  {
    name: 'machine',
    of: { hash: '#/machine?file=scenarios/dimm.yaml&step=7&block=44' },
    wait: 'svg [data-block="44"]',
  },
  { name: 'matrix', of: { hash: '#/catalogue?find=vmalloc' }, wait: 'table.matrix' },
  {
    name: 'lab-story',
    of: { hash: '#/story?id=B14&step=538&follow=entries%7C0x40000ff8' },
    wait: 'table.story',
  },
  {
    name: 'explorer',
    of: { hash: '#/explorer?program=philosophers(2)' },
    wait: '.graph circle',
    height: 1200,
  },
];

if (!CHROMIUM) throw new Error('there is no Chromium: set CHROMIUM to its path');
const wanted = process.argv.slice(2);
buildLab();
const lab = await Lab.open();
for (const { name, of, wait, width = 1280, height = 900, dark } of PICTURES) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const page = 'hash' in of ? await lab.page(of.hash) : await lab.page('', new URL(of.file, FOLDER).href);
  await page.setViewportSize({ width, height });
  await page.emulateMedia({ colorScheme: dark ? 'dark' : 'light' });
  if (wait) await page.waitForSelector(wait);
  await page.screenshot({ path: new URL(`${name}.png`, FOLDER).pathname });
  await page.context().close();
  process.stdout.write(`docs/pictures/${name}.png\n`);
}
await lab.end();
