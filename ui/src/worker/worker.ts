import { UserError } from '../../../src/errors/user-error.ts';
import { NotApplicable } from '../../../src/scenarios/interleaved/names.ts';
import { ReplayDiverged } from '../../../src/schedule/replay/replay.ts';
import type { CatalogueCell, Reply, Request } from './protocol.ts';
import { answerTo } from './tasks.ts';

/** The worker: one request at a time. It is ended to stop what it does. */

const send = (reply: Reply): void => postMessage(reply);

self.onmessage = async ({ data }: MessageEvent<Request>): Promise<void> => {
  const { nr } = data;
  try {
    const answer = await answerTo(data, {
      progress: (progress) => send({ nr, progress }),
      part: (part: CatalogueCell) => send({ nr, part }),
    });
    send({ nr, answer });
  } catch (error) {
    const input =
      error instanceof UserError || error instanceof ReplayDiverged || error instanceof NotApplicable;
    const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
    send({ nr, failed: { name, message: message.slice(0, 2000), input } });
  }
};
