import { expect, test } from 'vitest';
import { commandFor } from './compile.ts';

test("a file of the user's is compiled with the command of a file of the tree", () => {
  expect(commandFor('clang -I/t/include -o mm/a.ll /t/mm/a.c', "/home/it's/own.c")).toBe(
    "clang -I/t/include -o mm/a.ll '/home/it'\\''s/own.c'",
  );
});
