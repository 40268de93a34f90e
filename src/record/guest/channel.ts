import type { Socket } from 'node:net';
import { UserError } from '../../errors/user-error.ts';

/** What a command in the guest came to. */
export interface Answer {
  readonly status: number;
  readonly out: Buffer;
  readonly err: string;
}

/** The guest did not answer in time, or its end of the channel is gone. */
export class NoAnswer extends UserError {
  override readonly name = 'NoAnswer';
}

/** Commands to the guest, one at a time (src/record/guest/initramfs.ts has the protocol). */
export class Channel {
  readonly #socket: Socket;
  #received: Buffer[] = [];
  #wake: (() => void) | undefined;
  #closed = false;
  #busy: Promise<unknown> = Promise.resolve();

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received.push(chunk);
      this.#wake?.();
    });
    const gone = (): void => {
      this.#closed = true;
      this.#wake?.();
    };
    socket.on('close', gone);
    socket.on('error', gone);
  }

  /** Waits for the guest's first word. */
  async ready(seconds: number, signal: AbortSignal): Promise<void> {
    const until = Date.now() + seconds * 1000;
    for (;;) {
      const line = await this.#line(until, signal);
      if (line.trim() === 'mhp ready') return;
    }
  }

  /**
   * @param seconds how long the command may take
   * @throws NoAnswer if it takes longer; the channel cannot be used any more then
   */
  run(command: string, seconds: number, signal: AbortSignal): Promise<Answer> {
    const mine = this.#busy.then(async (): Promise<Answer> => {
      const until = Date.now() + seconds * 1000;
      if (command.includes('\n')) throw new Error('a command is one line');
      this.#socket.write(`${command}\n`);
      const head = /^mhp (\d+) (\d+) (\d+)$/.exec((await this.#line(until, signal)).trimEnd());
      if (!head) throw new NoAnswer('the guest answered something else');
      const out = await this.#bytes(Number(head[2]), until, signal);
      const err = await this.#bytes(Number(head[3]), until, signal);
      return { status: Number(head[1]), out, err: err.toString() };
    });
    this.#busy = mine.catch(() => undefined);
    return mine;
  }

  async #more(until: number, signal: AbortSignal): Promise<void> {
    const left = until - Date.now();
    if (this.#closed) throw new NoAnswer('the guest is gone');
    if (signal.aborted) throw new NoAnswer('interrupted');
    if (left <= 0) throw new NoAnswer('the guest did not answer in time');
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(wake, left);
      signal.addEventListener('abort', wake);
      this.#wake = wake;
    });
  }

  #joined(): Buffer {
    if (this.#received.length !== 1) this.#received = [Buffer.concat(this.#received)];
    return this.#received[0]!;
  }

  async #line(until: number, signal: AbortSignal): Promise<string> {
    for (;;) {
      const all = this.#joined();
      const end = all.indexOf(10);
      if (end >= 0) {
        this.#received = [all.subarray(end + 1)];
        return all.toString('utf8', 0, end);
      }
      await this.#more(until, signal);
    }
  }

  async #bytes(n: number, until: number, signal: AbortSignal): Promise<Buffer> {
    while (this.#received.reduce((sum, piece) => sum + piece.length, 0) < n) await this.#more(until, signal);
    const all = this.#joined();
    this.#received = [all.subarray(n)];
    return all.subarray(0, n);
  }
}
