/** One page without scripts or anything from elsewhere: the pictures, and the tables as they are in the Markdown. */
export function pageOf(markdown: string, pictures: readonly string[]): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>onsale: bench</title>
<style>
  body { font: 15px/1.5 Helvetica, Arial, sans-serif; color: #222; background: #fff; max-width: 1100px; margin: 2rem auto; padding: 0 1rem; }
  table { border-collapse: collapse; display: block; overflow-x: auto; font-size: 14px; }
  th, td { border-bottom: 1px solid #ddd; padding: 0.25rem 0.75rem; text-align: right; white-space: nowrap; }
  th.left, td.left { text-align: left; }
  svg { max-width: 100%; height: auto; }
</style>
<h1>onsale: bench</h1>
${pictures.join('\n')}
${htmlOf(markdown)}
</html>
`;
}

/** As much of Markdown as our own tables need: headings, tables, lists, bold. */
function htmlOf(markdown: string): string {
  const html: string[] = [];
  let columns: string[] | null = null;
  for (const line of markdown.split('\n')) {
    const cells = line.startsWith('| ') ? line.slice(2, -2).split(' | ') : null;
    if (!cells && columns) html.push('</table>');
    if (!cells) columns = null;
    if (cells && columns === null) {
      columns = [];
      html.push('<table>', rowOf(cells, 'th', columns));
    } else if (cells && columns?.length === 0) columns = cells;
    else if (cells && columns) html.push(rowOf(cells, 'td', columns));
    else if (line.startsWith('## ')) html.push(`<h2>${inline(line.slice(3))}</h2>`);
    else if (line.trim().startsWith('- ')) html.push(`<p>${inline(line.trim().slice(2))}</p>`);
    else if (line !== '') html.push(`<p>${inline(line)}</p>`);
  }
  if (columns) html.push('</table>');
  return html.join('\n');
}

function rowOf(cells: readonly string[], tag: 'th' | 'td', columns: readonly string[]): string {
  const cell = (text: string, index: number) => {
    const isLeft = columns.length === 0 ? index === 0 : !columns[index]?.endsWith(':');
    return `<${tag}${isLeft ? ' class="left"' : ''}>${inline(text)}</${tag}>`;
  };
  return `<tr>${cells.map(cell).join('')}</tr>`;
}

function inline(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>')
    .trim();
}
