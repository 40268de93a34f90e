import type { Socket } from 'node:net';
import { UserError } from '../../errors/user-error.ts';

/** QEMU's monitor protocol: docs/interop/qmp-spec.txt. */

export interface QmpEvent {
  readonly event: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** QEMU refuses a command, in its own words. */
export class QmpRefusal extends UserError {
  override readonly name = 'QmpRefusal';
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class Qmp {
  readonly #socket: Socket;
  #text = '';
  readonly #waiting = new Map<number, Waiting>();
  #events: QmpEvent[] = [];
  #next = 1;
  #gone = false;
  #greeted: (() => void) | undefined;
  readonly greeting: Promise<void>;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.greeting = new Promise((resolve) => {
      this.#greeted = resolve;
    });
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => this.#take(chunk));
    const gone = (): void => {
      this.#gone = true;
      for (const { reject } of this.#waiting.values()) reject(new UserError('QEMU has ended'));
      this.#waiting.clear();
      this.#greeted?.();
    };
    socket.on('close', gone);
    socket.on('error', gone);
  }

  #take(chunk: string): void {
    const lines = `${this.#text}${chunk}`.split('\n');
    this.#text = lines.pop()!;
    for (const line of lines) {
      let message: Record<string, unknown>;
      try {
        message = JSON.parse(line);
      } catch {
        continue;
      }
      if ('QMP' in message) this.#greeted?.();
      else if ('event' in message) this.#events.push(message as unknown as QmpEvent);
      else this.#answer(message);
    }
  }

  #answer(message: Record<string, unknown>): void {
    const waiting = this.#waiting.get(message.id as number);
    this.#waiting.delete(message.id as number);
    const { error } = message as { error?: { desc?: string } };
    if (error === undefined) waiting?.resolve(message.return);
    else waiting?.reject(new QmpRefusal(error.desc ?? 'refused'));
  }

  /** @throws QmpRefusal if QEMU refuses it, UserError if QEMU has ended or does not answer within 60 seconds */
  execute(command: string, args: object = {}): Promise<unknown> {
    if (this.#gone) return Promise.reject(new UserError('QEMU has ended'));
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new UserError(`QEMU did not answer ${command} within 60 s`));
      }, 60_000);
      this.#waiting.set(id, {
        resolve: (value) => {
          clearTimeout(timer);
          resolve(value);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
      this.#socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    });
  }

  /** The events since the last call. */
  takeEvents(): readonly QmpEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** The events that have come and were not yet taken. */
  get events(): readonly QmpEvent[] {
    return this.#events;
  }
}
