/** A table of Markdown, its columns as wide as their widest cell; `right` are the places of those to align to the right. */
export function table(header, rows, right = []) {
  const widths = header.map((text, i) => Math.max(text.length, 4, ...rows.map((row) => row[i].length)))
  const line = (cells) => `| ${cells.map((cell, i) => pad(cell, i)).join(' | ')} |`
  const pad = (cell, i) => (right.includes(i) ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))
  const rule = widths.map((width, i) => (right.includes(i) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)))
  return [line(header), line(rule), ...rows.map(line)].join('\n')
}

export const millions = (count) => (count / 1e6).toFixed(count < 1e7 ? 2 : 1)
export const billions = (count) => (count / 1e9).toFixed(count < 1e8 ? 4 : 2)
