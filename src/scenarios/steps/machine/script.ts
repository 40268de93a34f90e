import { z } from 'zod';
import { BadOperation } from '../../../errors/bad-operation.ts';
import { stepKind } from '../common/kind.ts';
import { text, word } from '../common/values.ts';

export const script = stepKind({
  schema: z
    .strictObject({
      file: word.meta({ description: 'Its path, relative to the scenario' }),
      args: text.optional().meta({ description: 'Its arguments: words' }),
      packages: z.array(word).optional().meta({ description: 'Debian packages with programs it runs' }),
      modules: z.array(word).optional().meta({ description: 'Kernel modules loaded at boot' }),
    })
    .meta({ description: 'A shell script, which a real kernel alone can run' }),
  short: 'file',
  text: ({ file, args }) => (args === undefined ? file : `${file} ${args}`),
  run: () => {
    throw new BadOperation('script: a real kernel runs it, the model cannot');
  },
});
