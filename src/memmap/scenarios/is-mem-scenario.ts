/** Whether a text is a scenario of struct pages as addresses: it has `memory` where others have `machine`. */
export const isMemScenario = (text: string): boolean => /^memory:/m.test(text);
