import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '../../errors/input-error.ts';
import { checkInput } from '../files/output.ts';
import { runProgram } from './command.ts';

/** One patch of a series. */
export interface SeriesPatch {
  /** The file that the user named. */
  readonly file: string;
  /** The mail's subject without "[PATCH 1/2]"; empty for a diff that is no mail. */
  readonly subject: string;
  /** The diff, decoded. */
  readonly diff: string;
}

interface Mail {
  readonly subject: string;
  readonly diff: string;
}

const git = async (folder: string, args: readonly string[], input: string) => {
  try {
    return await runProgram('git', args, { cwd: folder, input });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new InputError('mhp ir', '', '--patch needs git: apt-get install git');
  }
};

/** The mails of a mailbox, with what git takes for the patch of each. */
async function mailsOf(file: string): Promise<Mail[]> {
  const folder = mkdtempSync(join(tmpdir(), 'mhp-series-'));
  try {
    const split = await git(folder, ['mailsplit', '-b', `-o${folder}`], readFileSync(file, 'utf8'));
    if (split.status !== 0) throw new InputError(file, '', 'has no patch');
    const mails: Mail[] = [];
    for (const name of readdirSync(folder).sort()) {
      const diff = join(folder, 'diff');
      const { status, out } = await git(
        folder,
        ['mailinfo', '-k', '--encoding=UTF-8', join(folder, 'text'), diff],
        readFileSync(join(folder, name), 'utf8'),
      );
      if (status !== 0) throw new InputError(file, `mail ${mails.length + 1}`, 'cannot be read');
      const [, subject = ''] = /^Subject: (.*)$/m.exec(out) ?? [];
      mails.push({ subject, diff: readFileSync(diff, 'utf8') });
    }
    return mails;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const hasDiff = (text: string): boolean => /^diff --git |^--- \S+\n\+\+\+ \S+/m.test(text);

/** The tag in brackets of a subject: "[PATCH v3 2/5] …" is 2 of 5 in version 3. */
function tagOf(subject: string): { readonly version: number; readonly nr: number } {
  const [, tag = ''] = /^\s*\[([^\]]*)\]/.exec(subject) ?? [];
  return {
    version: Number(/\bv(\d+)\b/.exec(tag)?.[1] ?? 1),
    nr: Number(/\b(\d+)\/\d+\b/.exec(tag)?.[1] ?? 0),
  };
}

/**
 * The patches of a mailbox as mailing list archives and `git format-patch` write it, in the order of their numbers;
 * or a plain diff. Cover letters and replies are no patches.
 * @throws InputError for a file that holds no patch, or patches of more than one version of a series
 */
export async function readSeries(file: string): Promise<SeriesPatch[]> {
  checkInput(file);
  const text = readFileSync(file, 'utf8');
  if (/^(diff --git |--- )/.test(text)) return [{ file, subject: '', diff: text }];
  const mails = (await mailsOf(file)).filter(
    ({ subject, diff }) => hasDiff(diff) && !/^\s*(re|aw|fwd?):/i.test(subject),
  );
  if (mails.length === 0) throw new InputError(file, '', 'has no patch');
  const versions = new Set(mails.map(({ subject }) => tagOf(subject).version));
  if (versions.size > 1)
    throw new InputError(
      file,
      '',
      `has patches of versions ${[...versions].sort((a, b) => a - b).join(' and ')}: keep those of one`,
    );
  const numbers = mails.map(({ subject }) => tagOf(subject).nr);
  const twice = numbers.find((nr, i) => nr > 0 && numbers.indexOf(nr) !== i);
  if (twice !== undefined) throw new InputError(file, '', `has patch ${twice} twice`);
  return mails
    .sort((a, b) => tagOf(a.subject).nr - tagOf(b.subject).nr)
    .map(({ subject, diff }) => ({
      file,
      subject: subject.replace(/^(\s*\[[^\]]*\])+\s*/, ''),
      diff,
    }));
}

/** Applies patches to the tree in a folder. @throws InputError that names the patch and the place */
export async function applySeries(folder: string, series: readonly SeriesPatch[]): Promise<void> {
  for (const { file, subject, diff } of series) {
    const own = { ...process.env, GIT_CEILING_DIRECTORIES: join(folder, '..') };
    const { status, errors } = await runProgram('git', ['apply', '--whitespace=nowarn', '-'], {
      cwd: folder,
      env: own,
      input: diff,
    });
    if (status === 0) continue;
    const line = errors.split('\n').find((one) => one.startsWith('error:')) ?? errors;
    throw new InputError(file, subject, `does not apply: ${line.replace(/^error: /, '').trim()}`);
  }
}
