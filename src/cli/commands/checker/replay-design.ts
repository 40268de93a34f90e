import { parseProgramName } from '../../../check/variation.ts';
import { quote } from '../../../errors/input-error.ts';
import { BadToken, decodeToken } from '../../../schedule/replay/token.ts';
import { openDesigns } from '../../confined/open-designs.ts';
import { scenarioProgram, threadsOf } from '../../inputs/find-program.ts';
import type { Replayed, ReplayFormat } from '../../inputs/replayed.ts';
import { interruptible } from '../../stop.ts';

/** Seconds in which one execution has to end. */
const LIMIT = 60;

/** Replays a token of a design, or of a series of designs. */
export function replayOnDesigns(
  token: string,
  file: string | undefined,
  designs: readonly string[],
  format: ReplayFormat,
): Promise<Replayed> {
  const { program } = decodeToken(token);
  const found = parseProgramName(program) && scenarioProgram(program, file);
  if (!found || !threadsOf(found.scenario, program))
    throw new BadToken(`no scenario with threads is called ${quote(program).slice(1, -1)}`);
  return interruptible(async (stop) => {
    const opened = await openDesigns(designs, { processes: 1, memory: 2 ** 30, seconds: 5, stop });
    try {
      const names = opened.loaded.designs.map(({ name }) => name);
      if (!names.includes(found.release))
        throw new BadToken(`the token is of design ${found.release}, not of ${names.join(', ')}`);
      const done = await opened.run({ what: 'replay', token, entry: found.scenario, format }, LIMIT);
      if ('ended' in done) return { out: '', error: `mhp: the replay ${done.ended}\n`, code: 1 };
      return done.answer;
    } finally {
      opened.close();
    }
  });
}
