import { geometryText, parseProgramName } from '../../check/variation.ts';
import { quote } from '../../errors/input-error.ts';
import { storyData } from '../../report/data/story-data.ts';
import { type StoryAbout, storyPage } from '../../report/page/story-page.ts';
import { tellingOf } from '../../report/story/telling.ts';
import { storyText } from '../../report/story/text.ts';
import { traceChrome } from '../../report/trace/chrome.ts';
import { traceText } from '../../report/trace/text.ts';
import { ReplayDiverged, type Story } from '../../schedule/replay/replay.ts';
import { BadToken, decodeToken } from '../../schedule/replay/token.ts';
import type { FindProgram } from './find-program.ts';

const PART_OF_SEVERAL =
  'The failure shows only in several executions together; this is the last of them. mhp check tells the story.\n';

export type ReplayFormat = 'text' | 'steps' | 'json' | 'chrome' | 'html';

/** What a replay prints, and its exit status: 0 for no failure, 1 for a violation or divergence. */
export interface Replayed {
  readonly out: string;
  readonly error: string;
  readonly code: number;
}

/**
 * Replays a token.
 * @throws BadToken
 */
export function replayed(token: string, find: FindProgram, format: ReplayFormat): Replayed {
  try {
    const { program } = decodeToken(token);
    const found = find(program);
    if (found === undefined) throw new BadToken(`no program is called ${quote(program).slice(1, -1)}`);
    const { exploration, named } = found;
    const lookedFor = named && exploration.only(named).replay(token);
    const story = lookedFor?.violation ? lookedFor : exploration.replay(token);
    const alone = !story.violation && named?.memory && format === 'text';
    const out = printed(story, token, format) + (alone ? PART_OF_SEVERAL : '');
    return { out, error: '', code: story.violation === undefined ? 0 : 1 };
  } catch (e) {
    if (e instanceof ReplayDiverged) return { out: '', error: `mhp: ${e.name}: ${e.message}\n`, code: 1 };
    throw e;
  }
}

function printed(story: Story, token: string, format: ReplayFormat): string {
  if (format === 'text') return storyText(story);
  if (format === 'html') return storyPage(storyData(story, token), aboutOf(story));
  const telling = tellingOf(story);
  if (format === 'steps') return traceText(story, telling);
  const json = format === 'json' ? storyData(story, token) : traceChrome(story, telling);
  return `${JSON.stringify(json, null, 2)}\n`;
}

/** What the page of a replayed story says of it. */
function aboutOf({ program, violation }: Story): StoryAbout {
  const { id, release = '', variation } = parseProgramName(program) ?? { id: program };
  return {
    id,
    title: '',
    release,
    verdict: violation ? 'found' : 'clean',
    geometry: variation?.geometry ? geometryText(variation.geometry) : null,
    failure: violation ? `${violation.kind}: ${violation.text}` : null,
    states: 0,
  };
}
