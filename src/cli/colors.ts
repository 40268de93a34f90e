import pc from 'picocolors';

const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
const terminal = process.stdout.isTTY === true && TERM !== 'dumb';

/**
 * Colours of standard output: on a terminal, elsewhere with FORCE_COLOR alone (picocolors itself also colours a pipe where CI is
 * set, and a log that is searched must not change with that); never with NO_COLOR.
 */
export const colors = pc.createColors(!NO_COLOR && (Boolean(FORCE_COLOR) || terminal));
