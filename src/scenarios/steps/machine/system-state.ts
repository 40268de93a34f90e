import { z } from 'zod';
import { returned } from '../../running/result.ts';
import { stepKind } from '../common/kind.ts';

export const system_state = stepKind({
  schema: z
    .strictObject({ state: z.enum(['booting', 'running']) })
    .meta({ description: 'Whether the system still boots' }),
  short: 'state',
  scene: true,
  text: (step) => `system_state is ${step.state}`,
  run: (session, step) => {
    session.state.vars.get(0)!.system_state = step.state;
    return returned(0);
  },
});
