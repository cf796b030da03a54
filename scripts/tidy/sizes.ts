import { isTestCode } from './files.ts';

const fileLinesMax = 300;
const functionLinesMax = 70;

/** Files of at most 300 lines, named functions of fewer than 70. A suite of tests is a list and may be as long as a file. */
export function sizeProblems(file: string, text: string): string[] {
  const lines = text.trimEnd().split('\n');
  const problems = lines.length > fileLinesMax ? [`${file}: ${lines.length} lines, at most ${fileLinesMax}`] : [];
  if (!/\.(ts|mjs)$/.test(file) || isTestCode(file)) return problems;

  // The formatter puts the end of a declaration at the indentation of its beginning, so no parser is needed.
  for (const [index, line] of lines.entries()) {
    const start =
      /^(\s*)(export )?(default )?(async )?function\b|^(\s*)(export )?const \w+ = (async )?\([^)]*\).*=> \{$/.exec(
        line,
      );
    if (!start) continue;
    const indent = start[1] ?? start[5] ?? '';
    const length = lines.slice(index).findIndex((later) => later.startsWith(`${indent}}`)) + 1;
    if (length >= functionLinesMax)
      problems.push(`${file}:${index + 1}: a function of ${length} lines, fewer than ${functionLinesMax}`);
  }
  return problems;
}
