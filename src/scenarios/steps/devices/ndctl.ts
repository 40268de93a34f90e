import { z } from 'zod';
import { ndctl as tool } from '../../nvdimm/ndctl.ts';
import { runTool } from '../../nvdimm/tool.ts';
import { stepKind } from '../common/kind.ts';
import { lacksDeviceMemory } from '../common/lacks.ts';
import { result, text } from '../common/values.ts';

export const ndctl = stepKind({
  schema: z
    .strictObject({ run: text, ...result })
    .meta({ description: 'The ndctl tool: create-namespace -r region0 -m fsdax -M mem -s 64M' }),
  short: 'run',
  program: true,
  text: (step) => `ndctl ${step.run.trim()}`,
  lacks: ({ kernel }) => lacksDeviceMemory(kernel),
  run: (session, step) => runTool(session, tool, step.run),
});
