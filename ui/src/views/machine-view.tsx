import heads from 'virtual:heads';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import type { RunData } from '../../../src/report/data/run-data.ts';
import { mapOf, snapshotsOf } from '../../../src/report/data/run-view.ts';
import { blockMapSvg } from '../../../src/report/drawing/block-svg.ts';
import { saveAs } from '../download.ts';
import { placeInRun, RunPane } from '../parts/run-pane.tsx';
import { TaskLine, useTask } from '../parts/task.tsx';
import { CopyLink } from './story-view.tsx';
import type { ViewProps } from './view-props.ts';

/** A machine: a scenario step by step, or a file that is dropped here. */

/** Scenarios of the lab besides the entries of the catalogue. */
const EXAMPLES = ['scenarios/dimm.yaml'] as const;
const STEPS = heads.filter(({ kind }) => kind === 'steps');
/** More is refused before it is read; the worker has the same bound. */
const MOST_BYTES = 32 * 2 ** 20;

export function MachineView({ fields, set, client }: ViewProps): ReactNode {
  const task = useTask(client);
  const { ask, fail } = task;
  const [run, setRun] = useState<RunData | null>(null);
  const [over, setOver] = useState(false);
  const asked = useRef('');
  const file = fields.file ?? EXAMPLES[0];
  useEffect(() => {
    if (file === '' || asked.current === file) return;
    asked.current = file;
    const work = async (): Promise<void> => {
      setRun(null);
      const found = await ask('run', { source: { file }, release: null });
      if (found) setRun(found);
    };
    void work();
  }, [file, ask]);
  const drop = async (dropped: File | undefined): Promise<void> => {
    setOver(false);
    if (!dropped) return;
    if (dropped.size > MOST_BYTES) {
      fail(`${dropped.name}: has ${dropped.size} bytes; the lab reads at most ${MOST_BYTES}`);
      return;
    }
    const bytes = new Uint8Array(await dropped.arrayBuffer());
    asked.current = '';
    set({ file: '', step: '', compare: '', block: '' });
    setRun(null);
    const found = await ask('machine', { name: dropped.name, bytes });
    if (found) setRun(found);
  };
  const save = (): void => {
    if (!run) return;
    const now = snapshotsOf(run)[placeInRun(run, fields, set).step]!;
    saveAs('mhp-map.svg', blockMapSvg(mapOf(run.block_size, now), run.machine), 'image/svg+xml');
  };
  return (
    <section
      aria-label="machine"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        void drop(event.dataTransfer.files[0]);
      }}
    >
      <div className="bar-row">
        <label>
          scenario{' '}
          <select
            value={file}
            onChange={({ target }) => set({ file: target.value, step: '', compare: '', block: '' }, true)}
          >
            <option value="">a file</option>
            {EXAMPLES.map((name) => (
              <option key={name}>{name}</option>
            ))}
            {STEPS.map((head) => (
              <option key={head.file} value={head.file}>
                {head.id} {head.title}
              </option>
            ))}
          </select>
        </label>
        <label>
          or a file of yours (output of lsmem, a machine file, a capture or a recording as .tar, .gz, .bz2 or
          .xz); it stays in this browser{' '}
          <input type="file" onChange={({ target }) => void drop(target.files?.[0])} />
        </label>
        <button type="button" onClick={save} disabled={!run}>
          Save as SVG
        </button>
        <CopyLink />
      </div>
      {over && <p className="box">Drop it: it is read here and goes nowhere.</p>}
      <TaskLine task={task} />
      {run && (
        <>
          <p>
            <strong>{run.title ?? run.machine}</strong> {run.arch}, {run.release}
          </p>
          <RunPane run={run} {...placeInRun(run, fields, set)} />
        </>
      )}
    </section>
  );
}
