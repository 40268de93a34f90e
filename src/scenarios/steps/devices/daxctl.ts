import { z } from 'zod';
import { daxctl as tool } from '../../nvdimm/daxctl.ts';
import { runTool } from '../../nvdimm/tool.ts';
import { stepKind } from '../common/kind.ts';
import { lacksDeviceMemory } from '../common/lacks.ts';
import { result, text } from '../common/values.ts';

export const daxctl = stepKind({
  schema: z
    .strictObject({ run: text, ...result })
    .meta({ description: 'The daxctl tool: reconfigure-device -m system-ram dax0.0' }),
  short: 'run',
  program: true,
  text: (step) => `daxctl ${step.run.trim()}`,
  lacks: ({ kernel }) => lacksDeviceMemory(kernel),
  run: (session, step) => runTool(session, tool, step.run),
});
