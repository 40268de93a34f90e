import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';

/** Chromium of the system, and the lab served by `mhp lab`. */

const PATHS = [process.env.CHROMIUM ?? '', '/usr/bin/chromium', '/usr/bin/chromium-browser'];

/** Undefined if this machine has no Chromium: the tests that need it are then skipped. */
export const CHROMIUM = PATHS.find((path) => path !== '' && existsSync(path));
const ROOT = new URL('../../', import.meta.url).pathname;

export const startChromium = (): Promise<Browser> =>
  chromium.launch({ executablePath: CHROMIUM!, args: ['--no-sandbox'] });

export class Lab {
  readonly address: string;
  readonly browser: Browser;
  /** Requests that left the lab, and errors in a page. */
  readonly strays: string[] = [];
  readonly errors: string[] = [];
  readonly #served: ChildProcess;

  constructor(address: string, browser: Browser, served: ChildProcess) {
    this.address = address;
    this.browser = browser;
    this.#served = served;
  }

  static async open(): Promise<Lab> {
    const served = spawn(process.execPath, ['dist/cli/main.js', 'lab'], { cwd: ROOT });
    const address = await new Promise<string>((resolve, reject) => {
      served.stdout.once('data', (data) => resolve(String(data).trim()));
      served.once('exit', (code) => reject(new Error(`mhp lab ended with ${code}`)));
    });
    return new Lab(address, await startChromium(), served);
  }

  /** A page of its own, with a view of the lab. */
  async page(hash = '', address = this.address): Promise<Page> {
    const context = await this.browser.newContext({
      viewport: { width: 1440, height: 900 },
      reducedMotion: 'reduce',
    });
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(address) && !/^(blob|data):/.test(url)) this.strays.push(url);
    });
    page.on('pageerror', (error) => this.errors.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') this.errors.push(message.text());
    });
    await page.goto(address + hash);
    return page;
  }

  async end(): Promise<void> {
    await this.browser.close();
    this.#served.kill('SIGINT');
  }
}
