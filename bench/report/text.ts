import type { SuiteResult } from '../suite/result.ts';
import { markdownOf } from './markdown.ts';

/** The same for a terminal: the columns of the tables stand below each other. */
export function reportText(result: SuiteResult): string {
  const blocks: string[][] = [];
  for (const line of markdownOf(result).split('\n')) {
    const last = blocks.at(-1);
    if (last && isRow(line) && isRow(last[0] ?? '')) last.push(line);
    else blocks.push([line]);
  }
  return ['', ...blocks.flatMap((block) => (isRow(block[0] ?? '') ? align(block) : block))]
    .join('\n')
    .replaceAll('**', '');
}

function isRow(line: string): boolean {
  return line.startsWith('|');
}

function align(lines: string[]): string[] {
  const rows = lines.map((line) => line.replaceAll('**', '').slice(2, -2).split(' | '));
  const [, rule = []] = rows;
  const widths = rule.map((_, column) => Math.max(...rows.map((cells) => (cells[column] ?? '').length)));
  return rows.flatMap((cells, index) => {
    if (index === 1) return [`  ${widths.map((width) => '─'.repeat(width)).join('  ')}`];
    const padded = cells.map((cell, column) => {
      const width = widths[column] ?? 0;
      return rule[column]?.endsWith(':') ? cell.padStart(width) : cell.padEnd(width);
    });
    return [`  ${padded.join('  ')}`.trimEnd()];
  });
}
