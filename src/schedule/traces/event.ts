/** An event as a number: its thread in the low bits, the outcome above. */
export const THREAD = 31;
const OUTCOME = 5;
export const eventOf = (thread: number, outcome: number): number => thread | (outcome << OUTCOME);
export const threadOf = (event: number): number => event & THREAD;
export const outcomeOf = (event: number): number => event >> OUTCOME;
