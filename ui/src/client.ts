import { startWorker } from '#start-worker';
import type { Answers, CatalogueCell, Kind, Reply, Requests } from './worker/protocol.ts';

/** The worker as seen from the page: one task at a time; to stop a task, the worker is ended and another one started. */

/** What the input has wrong, in one line; any other error is a defect of the lab. */
export class Refused extends Error {
  readonly input: boolean;

  constructor({
    name,
    message,
    input,
  }: { readonly name: string; readonly message: string; readonly input: boolean }) {
    super(input ? message : `${name}: ${message}`);
    this.input = input;
  }
}

/** A task was ended by the person, or by the next task. */
export class Stopped extends Error {}

export interface Listener {
  readonly progress?: (text: string) => void;
  readonly part?: (cell: CatalogueCell) => void;
}

interface Pending {
  readonly nr: number;
  readonly listener: Listener;
  readonly resolve: (answer: never) => void;
  readonly reject: (error: Error) => void;
}

export class Client {
  #worker: Worker | undefined;
  #pending: Pending | undefined;
  #nr = 0;

  /** Starts the worker before it is needed. */
  warm(): void {
    this.#worker ??= this.#start();
  }

  /** Asks for something. Whatever was asked for before is stopped. */
  ask<K extends Kind>(kind: K, request: Requests[K], listener: Listener = {}): Promise<Answers[K]> {
    this.stop();
    this.warm();
    const nr = ++this.#nr;
    return new Promise((resolve, reject) => {
      this.#pending = { nr, listener, resolve, reject };
      this.#worker!.postMessage({ nr, kind, request });
    });
  }

  /** Ends what is being done. */
  stop(): void {
    const pending = this.#pending;
    if (!pending) return;
    this.#pending = undefined;
    this.#worker?.terminate();
    this.#worker = undefined;
    pending.reject(new Stopped('stopped'));
  }

  #start(): Worker {
    const worker = startWorker();
    worker.onmessage = ({ data }: MessageEvent<Reply>) => this.#hear(data);
    worker.onerror = (event) => {
      event.preventDefault();
      const pending = this.#pending;
      this.#pending = undefined;
      this.#worker = undefined;
      worker.terminate();
      pending?.reject(
        new Refused({ name: 'worker', message: event.message || 'cannot be started', input: false }),
      );
    };
    return worker;
  }

  #hear(reply: Reply): void {
    const pending = this.#pending;
    if (!pending || reply.nr !== pending.nr) return;
    if ('progress' in reply) pending.listener.progress?.(reply.progress);
    else if ('part' in reply) pending.listener.part?.(reply.part);
    else {
      this.#pending = undefined;
      if ('failed' in reply) pending.reject(new Refused(reply.failed));
      else pending.resolve(reply.answer as never);
    }
  }
}
