import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import type { Command } from 'commander';
import { InputError } from '../../../errors/input-error.ts';
import { saveWhole } from '../../files/output.ts';
import { whole } from '../../option-values.ts';
import { interruptible } from '../../stop.ts';

interface Flags {
  readonly port: number;
  readonly open?: boolean;
  readonly save?: string;
}

/** The built lab: what is served, and the page that stands alone. */
const SERVED = new URL('../../../../ui/dist/served/', import.meta.url);
const SINGLE = new URL('../../../../ui/dist/single/lab.html', import.meta.url);

/** Defines `mhp lab`: the lab in a browser, from this machine alone. */
export function define(command: Command): void {
  command
    .option('--port <n>', 'listen on this port (default: one that is free)', whole(0, 65_535), 0)
    .option('--open', 'open the address in a browser')
    .option('--save <file>', 'write the lab as one page that opens from a disk, and serve nothing')
    .addHelpText(
      'after',
      '\nOnly this machine is served (127.0.0.1), and only with the files of the lab. Ctrl-C ends it.',
    )
    .action(async (flags: Flags) => {
      process.exitCode = await lab(flags);
    });
}

async function lab({ port, open, save }: Flags): Promise<number> {
  if (save !== undefined) {
    saveWhole(save, built(SINGLE));
    return 0;
  }
  built(new URL('index.html', SERVED));
  const server = await listening(port);
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  process.stdout.write(`${address}\n`);
  if (open) await opened(address);
  await interruptible(
    (stop) => new Promise<void>((resolve) => stop.addEventListener('abort', () => resolve(), { once: true })),
  );
  server.closeAllConnections();
  server.close();
  return 0;
}

/** @throws InputError if the lab has not been built */
function built(file: URL): Uint8Array {
  try {
    return readFileSync(file);
  } catch {
    throw new InputError('lab', '', 'is not built: npm run build:ui');
  }
}

function listening(port: number): Promise<Server> {
  const server = createServer(answer);
  return new Promise((resolve, reject) => {
    server.once('error', ({ code }: NodeJS.ErrnoException) =>
      reject(new InputError('--port', '', `${port} cannot be used (${code ?? 'unknown'})`)),
    );
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

/** No request leaves the page: it and its workers may load the files beside it, and nothing else. */
const HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self' blob: 'wasm-unsafe-eval'; worker-src 'self'; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
};

/** Names of files of the lab; any other path is not found. */
const FILE = /^\/((?:assets\/)?[\w.-]+\.(?:html|js|css))$/;

function answer(request: IncomingMessage, response: ServerResponse): void {
  const host = request.headers.host ?? '';
  // another name for this address would let a page of another site read the lab
  const local = /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(host);
  const path = (request.url ?? '/').split('?')[0]!;
  const name = path === '/' ? 'index.html' : FILE.exec(path)?.[1];
  if (!local || name === undefined || (request.method !== 'GET' && request.method !== 'HEAD')) {
    response.writeHead(404, HEADERS).end();
    return;
  }
  try {
    const body = readFileSync(new URL(name, SERVED));
    response.writeHead(200, {
      ...HEADERS,
      'Content-Type': TYPES[extname(name)]!,
      'Content-Length': body.length,
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  } catch {
    response.writeHead(404, HEADERS).end();
  }
}

async function opened(address: string): Promise<void> {
  const { spawn } = await import('node:child_process');
  const program = process.platform === 'darwin' ? 'open' : 'xdg-open';
  const child = spawn(program, [address], { stdio: 'ignore', detached: true });
  child.on('error', () =>
    process.stderr.write(`mhp: ${program} cannot be started: open the address yourself\n`),
  );
  child.unref();
}
