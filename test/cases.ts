/** How many random cases a test makes: `few` in `npm test`, `many` in `npm run test:long`. */
export const cases = (few: number, many: number): number =>
  process.env.MHP_MANY_CASES === undefined ? few : many;
