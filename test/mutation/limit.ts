import { Worker } from 'node:worker_threads';

/** The limit of one check in seconds of CPU time, whatever else the machine does: over ten times what the slowest takes. */
const LIMIT_S = 30;

/** The signal that ends a process over the limit. */
export const OVER_LIMIT = 'SIGXCPU';

/** Runs as a thread of its own, because a check that does not end gives no turn to anything else in its thread. */
const WATCH = `
const { workerData: { begun, limit, signal } } = require('node:worker_threads');
const spent = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1e6; };
let check = -1;
let from = 0;
for (;;) {
  if (begun[0] !== check) { check = begun[0]; from = spent(); }
  else if (spent() - from > limit) process.kill(process.pid, signal);
  Atomics.wait(begun, 1, 0, 1000);
}
`;

/** Ends this process when a check takes more CPU time than the limit. Returns what to call at the beginning of each check. */
export function limitChecks(limit = LIMIT_S): () => void {
  const begun = new Int32Array(new SharedArrayBuffer(8));
  new Worker(WATCH, { eval: true, execArgv: [], workerData: { begun, limit, signal: OVER_LIMIT } }).unref();
  return () => void Atomics.add(begun, 0, 1);
}
