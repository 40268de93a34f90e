// A setup file of vitest: programs that a test starts print without colours, wherever the tests run. Vitest sets FORCE_COLOR
// for its workers where its own output is coloured.

delete process.env.FORCE_COLOR;
process.env.NO_COLOR = '1';
