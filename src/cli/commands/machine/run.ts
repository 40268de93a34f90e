import type { Command } from 'commander';
import { describes } from '../../../check/meant.ts';
import { InputError } from '../../../errors/input-error.ts';
import { isMemScenario } from '../../../memmap/scenarios/mem-scenario.ts';
import type { Release } from '../../../releases/index.ts';
import { listedBlocks, memoryJson, memoryMap } from '../../../report/blocks/memory-map.ts';
import { RunRecorder, runData } from '../../../report/data/run-data.ts';
import { listedMap } from '../../../report/drawing/block-map.ts';
import { stepText } from '../../../report/run/scenario.ts';
import type { Scenario } from '../../../scenarios/format/read.ts';
import { runScenario, type StepOutcome } from '../../../scenarios/running/run-scenario.ts';
import { Session } from '../../../scenarios/running/session.ts';
import { wholeLife } from '../../../scenarios/running/whole-life.ts';
import { colors } from '../../colors.ts';
import { blockDrawing, checkDrawing, type DrawingFlags, drawingOptions, drawn } from '../../drawing.ts';
import { checkOutputs, saveWhole } from '../../files/output.ts';
import { type MachineFlags, machineOptions } from '../../inputs/machine-options.ts';
import { printNotes } from '../../inputs/notes.ts';
import { readScenario } from '../../inputs/scenario-file.ts';
import { openMachine } from '../../inputs/source.ts';
import { scenarioText } from '../../inputs/text-file.ts';
import { runMemmap } from './run-memmap.ts';

interface Flags extends MachineFlags, DrawingFlags {
  readonly html?: string;
  readonly host?: boolean;
  readonly json?: boolean;
  readonly stopOnError?: boolean;
  readonly show?: readonly string[];
  readonly map?: boolean;
}

/** Defines `mhp run`: performs operations on a machine and prints what Linux would do. */
export function define(command: Command): void {
  drawingOptions(machineOptions(command), 'the memory blocks at the end')
    .argument(
      '[source]',
      'a scenario (YAML); or a machine (file, directory, archive or RECORDING:STEP), to plug, online, offline and unplug one block of',
    )
    .option('--host', 'run on this machine; without a scenario: as on any machine')
    .option('--json', 'print JSON')
    .option('--stop-on-error', 'stop at the first step that fails')
    .option(
      '--show <path>',
      'print this file of /proc or /sys at the end; may be repeated',
      (path, all: string[] = []) => [...all, path],
    )
    .option('--html <file>', 'write the run as a page that stands alone')
    .option('--no-map', 'do not print the memory map at the end')
    .action(async (file: string | undefined, flags: Flags) => {
      const text = file === undefined ? undefined : scenarioText(file);
      process.exitCode =
        text !== undefined && isMemScenario(text)
          ? runMemmap(text, file!, flags)
          : await run(file, text, flags);
    });
}

/** Exit status: 0 as expected, 1 for an unexpected refusal or failure. */
async function run(file: string | undefined, text: string | undefined, flags: Flags): Promise<number> {
  if (file === undefined && !flags.host)
    throw new InputError('run', '', 'needs a scenario, a machine or --host');
  const read = text === undefined ? null : readScenario(file!, flags, text);
  if (read?.interleaved) throw new InputError(read.file, 'threads', 'run at the same time: use mhp check');
  if (flags.host && read === null && file !== undefined)
    throw new InputError(file, '', 'is a machine, and --host asks for this one');
  const source = read === null ? file : flags.host ? { ...read, machine: 'host' } : read;
  const { machine, release, model, notes } = await openMachine(source, flags);
  const session = new Session(model);
  const scenario = read ?? wholeLife(model);
  if (!scenario) throw new InputError(machine.source, '', 'has no room for another memory block');
  const outcomes: StepOutcome[] = [];
  checkDrawing(flags);
  checkOutputs([flags.html, flags.svg]);
  const recorder = flags.json || flags.html !== undefined ? new RunRecorder(session) : undefined;
  printNotes(notes);
  if (!flags.json)
    process.stdout.write(`${machine.source}: ${machine.arch}, ${release.name} (${release.about})\n`);
  for (const outcome of runScenario(scenario, session)) {
    outcomes.push(outcome);
    recorder?.add(outcome);
    if (!flags.json) process.stdout.write(stepText(outcome, colors.red));
    if (flags.stopOnError && outcome.failures.length > 0) break;
  }
  const shown = (flags.show ?? []).map((path) => [path, show(session, path)] as const);
  const about = { machine: machine.source, title: scenario.title ?? null, notes };
  if (recorder && flags.html !== undefined) {
    const { runPage } = await import('../../../report/page/run-page.ts');
    saveWhole(flags.html, runPage(runData(about, session, recorder)));
  }
  const map = () => listedMap(listedBlocks(session), session.kernel.c.memory_block_size_bytes);
  const onTerminal = await drawn(flags, () => blockDrawing(map(), machine.source, flags));
  if (recorder && flags.json) {
    const data = {
      ...runData(about, session, recorder),
      memory: memoryJson(session),
      show: Object.fromEntries(shown),
    };
    process.stdout.write(`${JSON.stringify(data, null, 2)}\n`);
  } else {
    if (flags.map !== false && !onTerminal) process.stdout.write(`\n${memoryMap(session)}`);
    for (const [path, text] of shown) process.stdout.write(`\n${colors.bold(path)}\n${text}`);
  }
  return verdict(scenario, release, outcomes);
}

/** The result for a known bug is as expected if exactly that failure occurs on its release, and none on any other. */
function verdict(scenario: Scenario, release: Release, outcomes: readonly StepOutcome[]): number {
  const failures = outcomes.flatMap((outcome) => outcome.failures);
  const { failure } = scenario;
  if (!failure || release.name !== scenario.release?.name) return failures.length ? 1 : 0;
  return failures.some((found) => describes(failure, found)) ? 0 : 1;
}

function show(session: Session, path: string): string {
  const entry = session.read(path);
  if (entry === null) throw new InputError('--show', path, 'no such file in the modelled kernel');
  if (entry.kind === 'file') return entry.text;
  return entry.kind === 'link' ? `-> ${entry.target}\n` : `${entry.names.join('\n')}\n`;
}
