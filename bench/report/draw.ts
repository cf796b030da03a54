import { init } from 'echarts';
import type { Chart } from './charts.ts';

const width = 860;

/** Draws a chart as SVG text, without a browser. The same figures give the same text. */
export function draw({ option, height }: Chart): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  chart.setOption(option);
  const svg = chart.renderToSVGString();
  chart.dispose();
  return stable(svg);
}

/** ECharts numbers its instances and styles over the life of a process; here they begin anew in each picture. */
function stable(svg: string): string {
  const names = new Map<string, string>();
  return svg.replaceAll(/zr\d+-[a-z]+-?\d*/g, (name) => {
    const known = names.get(name) ?? `s${names.size}`;
    names.set(name, known);
    return known;
  });
}
