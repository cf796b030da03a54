import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SuiteResult } from '../suite/result.ts';
import { chartsOf } from './charts.ts';
import { draw } from './draw.ts';
import { markdownOf } from './markdown.ts';
import { pageOf } from './page.ts';

/** Writes the figures, the tables, each picture, and a page with all of it. Files of an earlier run are replaced. */
export function writeReport(folder: string, result: SuiteResult): void {
  mkdirSync(folder, { recursive: true });
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  const pictures = chartsOf(result).map((chart) => ({ name: chart.name, svg: draw(chart) }));
  const markdown = markdownOf(result);
  write('results.json', `${JSON.stringify(result, null, 2)}\n`);
  write('results.md', markdown);
  for (const { name, svg } of pictures) write(`${name}.svg`, `${svg}\n`);
  write(
    'index.html',
    pageOf(
      markdown,
      pictures.map(({ svg }) => svg),
    ),
  );
}
