import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Two connected sockets: one for the code under test, one for a fake of what it talks to. */
export async function pair(): Promise<{ readonly mine: Socket; readonly theirs: Socket; close(): void }> {
  const dir = mkdtempSync(join(tmpdir(), 'mhp-fake-'));
  const path = join(dir, 'socket');
  let server: Server | undefined;
  const theirs = new Promise<Socket>((resolve) => {
    server = createServer(resolve);
  });
  await new Promise<void>((resolve) => server!.listen(path, resolve));
  const mine = connect(path);
  const other = await theirs;
  return {
    mine,
    theirs: other,
    close: () => {
      mine.destroy();
      other.destroy();
      server!.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** A monitor: answers each command with what `answer` says, which may be an error. */
export function fakeQmp(
  socket: Socket,
  answer: (
    command: string,
    args: unknown,
  ) => { readonly return: unknown } | { readonly error: { readonly desc: string } },
): { event(event: object): void } {
  const send = (message: object): void => void socket.write(`${JSON.stringify(message)}\r\n`);
  send({ QMP: { version: {}, capabilities: [] } });
  let text = '';
  socket.on('data', (chunk) => {
    const lines = `${text}${chunk.toString()}`.split('\n');
    text = lines.pop()!;
    for (const line of lines) {
      const {
        execute,
        arguments: args,
        id,
      } = JSON.parse(line) as { execute: string; arguments: unknown; id: number };
      send({ ...answer(execute, args), id });
    }
  });
  return { event: send };
}

const checksum = (text: string): string =>
  ([...text].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) & 0xff).toString(16).padStart(2, '0');

/** A gdb stub: answers each packet with what `answer` says; null for no answer. */
export function fakeGdb(
  socket: Socket,
  answer: (packet: string) => string | null,
): { send(packet: string): void } {
  const send = (packet: string): void => void socket.write(`$${packet}#${checksum(packet)}`, 'latin1');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    for (;;) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: Ctrl-C stops the guest
      const found = /\x03|\$([^#]*)#([0-9a-f]{2})/.exec(text);
      if (!found) return;
      text = text.slice(found.index + found[0].length);
      if (found[1] === undefined) {
        send('T02thread:01;');
        continue;
      }
      if (checksum(found[1]) !== found[2]) throw new Error(`wrong checksum of ${found[1]}`);
      socket.write('+');
      const own = answer(found[1]);
      if (own !== null) send(own);
    }
  });
  return { send };
}
