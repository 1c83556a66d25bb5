// The pictures of the README, from real output: node scripts/pictures.mjs SQUEEZENET1_1.pth PHOTOGRAPH...
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import sharp from 'sharp'
import { digits } from '../dist/data/index.js'

const root = resolve(import.meta.dirname, '..')
const out = join(root, 'docs/pictures')
const [weights, ...photographs] = process.argv.slice(2)
if (weights === undefined || photographs.length === 0) {
  console.error('usage: node scripts/pictures.mjs SQUEEZENET1_1.pth PHOTOGRAPH...')
  process.exit(2)
}

const folder = mkdtempSync(join(tmpdir(), 'ocelli-pictures-'))
symlinkSync(resolve(weights), join(folder, 'squeezenet1_1.pth'))
mkdirSync(join(folder, 'photographs'))
for (const path of photographs) symlinkSync(resolve(path), join(folder, 'photographs', basename(path)))

/** The command and what it prints, as they stand in a terminal. */
function screen(command) {
  const line = command.replace('ocelli', `${process.execPath} ${join(root, 'dist/cli/main.js')}`)
  const { stdout, status } = spawnSync('sh', ['-c', `${line} 2>&1`], { cwd: folder, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} failed:\n${stdout}`)
  return `$ npx ${command}\n${stdout.trimEnd()}`.split('\n')
}

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

function terminal(lines) {
  const [charWidth, lineHeight, margin] = [7.8, 17, 16]
  const width = Math.ceil(Math.max(...lines.map((line) => line.length)) * charWidth + 2 * margin)
  const height = lines.length * lineHeight + 2 * margin
  const rows = lines.map((line, i) => {
    const colour = line.startsWith('$') ? ' fill="#7fd1ae"' : ''
    return `<text x="${margin}" y="${margin + 12 + i * lineHeight}"${colour}>${escaped(line)}</text>`
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<title>${escaped(lines[0].slice(2))}</title>`,
    `<rect width="100%" height="100%" rx="8" fill="#1d2129"/>`,
    // Browsers that have given up xml:space want the style.
    '<style>text { white-space: pre }</style>',
    '<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="13" fill="#d8dee9" xml:space="preserve">',
    ...rows,
    '</g>',
    '</svg>',
    '',
  ].join('\n')
}

/** The first digits of the data set, in rows of ten of each kind. */
async function digitSheet(path) {
  const [columns, rows, size] = [16, 10, 32]
  const set = digits({ size: 10 * columns })
  const sheet = new Uint8Array(columns * rows * size * size)
  const filled = new Array(rows).fill(0)
  for (let i = 0; i < set.length; i++) {
    const { image, label } = set.get(i)
    const column = filled[label]++
    for (let y = 0; y < size; y++) {
      const at = ((label * size + y) * columns + column) * size
      sheet.set(image.data.subarray(y * size, (y + 1) * size), at)
    }
  }
  const raw = { width: columns * size, height: rows * size, channels: 1 }
  await sharp(sheet, { raw }).png({ palette: true, colours: 16 }).toFile(path)
}

mkdirSync(out, { recursive: true })
for (const [name, command] of [
  ['demo', 'ocelli demo'],
  ['predict', 'ocelli predict --model squeezenet1_1 --weights squeezenet1_1.pth -k 3 photographs'],
  ['summary', 'ocelli summary lenet5'],
]) {
  writeFileSync(join(out, `${name}.svg`), terminal(screen(command)))
}
await digitSheet(join(out, 'digits.png'))
rmSync(folder, { recursive: true })
