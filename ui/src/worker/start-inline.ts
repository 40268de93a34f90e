import Inline from './worker.ts?worker&inline';

export const startWorker = (): Worker => new Inline();
