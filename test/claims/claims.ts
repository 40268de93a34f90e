import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';

const texts = z.array(z.string()).min(1);
const claim = z
  .strictObject({
    about: texts,
    says: z.string(),
    in: z.array(z.string().regex(/^\d+\.\d+$/)).min(1),
    file: z.string(),
    function: z.string().optional(),
    has: texts.optional(),
    lacks: texts.optional(),
  })
  .refine(({ has, lacks }) => has !== undefined || lacks !== undefined);
export type Claim = z.infer<typeof claim>;

export const claims: readonly Claim[] = z
  .array(claim)
  .parse(parse(readFileSync(new URL('claims.yaml', import.meta.url), 'utf8')));
