// Writes the generated parts of README.md and docs/, between comments such as <!-- networks --> and <!-- /networks -->:
//   node scripts/docs.mjs [--check]
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { catalogueRows, listModels, modelMetadata, publishedTop1 } from '../dist/models/index.js'

const root = resolve(import.meta.dirname, '..')

function table(header, rows, right = []) {
  const widths = header.map((text, i) => Math.max(text.length, 4, ...rows.map((row) => row[i].length)))
  const line = (cells) => `| ${cells.map((cell, i) => pad(cell, i)).join(' | ')} |`
  const pad = (cell, i) => (right.includes(i) ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))
  const rule = widths.map((width, i) => (right.includes(i) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)))
  return [line(header), line(rule), ...rows.map(line)].join('\n')
}

const all = listModels().map((name) => ({ name, ...modelMetadata(name) }))
const millions = (count) => (count / 1e6).toFixed(count < 1e7 ? 2 : 1)
const billions = (count) => (count / 1e9).toFixed(count < 1e8 ? 4 : 2)
const bestOf = (member) => publishedTop1(member)?.toFixed(1) ?? ''

/** The networks in one line a row of the catalogue. */
function networks() {
  const rows = catalogueRows.flatMap((row) => {
    const members = all.filter((member) => member.row === row)
    if (members.length === 0) return []
    return [
      [
        row,
        members.map(({ name }) => `\`${name}\``).join(' '),
        range(members, ({ parameters }) => parameters, millions),
        range(members, ({ macs }) => macs, billions),
        paperText(members[0].paper),
      ],
    ]
  })
  return table(['row', 'names', 'parameters (M)', 'MACs (G)', 'paper'], rows)
}

function paperText({ authors, title, year, arxiv }) {
  return arxiv === undefined
    ? `${authors}, ${title}, ${year}`
    : `[${authors}, ${title}, ${year}](https://arxiv.org/abs/${arxiv})`
}

function range(members, value, format) {
  const values = members.map(value)
  const [low, high] = [format(Math.min(...values)), format(Math.max(...values))]
  return low === high ? low : `${low} to ${high}`
}

/** Every network, with its published weights. */
function variants() {
  const rows = all.map((member) => [
    `\`${member.name}\``,
    millions(member.parameters),
    billions(member.macs),
    `${member.preprocessing.inputSize}`,
    bestOf(member),
    member.weights.map(({ tag, url }) => `[${tag}](${url})`).join(' '),
  ])
  return table(['name', 'parameters (M)', 'MACs (G)', 'size', 'top-1', 'weights'], rows, [1, 2, 3, 4])
}

function ocelli(...args) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [join(root, 'dist/cli/main.js'), ...args], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`ocelli ${args.join(' ')} failed: ${stderr}`)
  return stdout.trimEnd()
}

/** What `ocelli COMMAND --help` prints. */
function help() {
  const commands = [...ocelli('--help').matchAll(/^ {2}(\w+) {2}/gm)].map(([, name]) => name)
  return commands
    .map((name) => `## ocelli ${name}\n\n\`\`\`text\n${ocelli(name, '--help')}\n\`\`\``)
    .join('\n\n')
}

const parts = { networks, variants, help }

function filled(text) {
  return text.replace(/<!-- (\w+) -->\n[\s\S]*?<!-- \/\1 -->/g, (whole, name) =>
    name in parts ? `<!-- ${name} -->\n\n${parts[name]()}\n\n<!-- /${name} -->` : whole,
  )
}

let stale = 0
const guides = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'))
for (const file of ['README.md', ...guides.map((name) => `docs/${name}`)]) {
  const path = join(root, file)
  const text = readFileSync(path, 'utf8')
  const wanted = filled(text)
  if (wanted === text) continue
  if (process.argv.includes('--check')) {
    console.error(`${file} is not what the sources say; run: npm run build && node scripts/docs.mjs`)
    stale++
  } else writeFileSync(path, wanted)
}
process.exitCode = stale > 0 ? 1 : 0
