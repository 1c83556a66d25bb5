// Writes the generated parts of README.md and docs/, between comments such as <!-- networks --> and <!-- /networks -->:
//   node scripts/docs.mjs [--check]
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { methods } from '../dist/classical/index.js'
import { catalogueRows, listModels, modelMetadata, modelOptions } from '../dist/models/index.js'
import { supportedOperators, unsupportedReasons } from '../dist/onnx/index.js'
import { formats } from '../dist/weights/index.js'
import { billions, millions, table } from './markdown.mjs'
import { imageNetTop1, zooPicture, zooSections } from './zoo-page.mjs'

const root = resolve(import.meta.dirname, '..')

const all = listModels().map((name) => ({ name, ...modelMetadata(name) }))
/** The catalogue in one line a row. */
function networks() {
  const rows = catalogueRows.flatMap((row) => {
    const members = all.filter((member) => member.row === row)
    if (members.length === 0) return []
    const accuracies = members.flatMap((member) => imageNetTop1(member) ?? [])
    const lightest = members.toSorted((a, b) => a.macs - b.macs)[0].name
    return [
      [
        row,
        `${members[0].paper.year}`,
        `${members.length}`,
        `\`${lightest}\``,
        range(members, ({ parameters }) => parameters, millions),
        range(members, ({ macs }) => macs, billions),
        accuracies.length > 0 ? Math.max(...accuracies).toFixed(1) : '',
      ],
    ]
  })
  const header = ['row', 'year', 'networks', 'the lightest', 'parameters (M)', 'MACs (G)', 'best top-1']
  return `${table(header, rows, [1, 2, 6])}\n\n${all.length} networks of ${rows.length} architectures.`
}

/** The options of each row's networks beyond those that all have. */
async function options() {
  const common = new Set(['numClasses', 'inChannels', 'featuresOnly', 'outIndices'])
  const rows = []
  for (const row of catalogueRows) {
    const names = new Map()
    for (const { name } of all.filter((member) => member.row === row)) {
      for (const [option, kind] of Object.entries(await modelOptions(name))) {
        if (common.has(option)) continue
        const values = Array.isArray(kind) ? ` (${kind.join(', ')})` : ''
        names.set(option, `\`${option}\`${values}`)
      }
    }
    if (names.size > 0) rows.push([row, [...names.values()].join(', ')])
  }
  return table(['row', 'options'], rows)
}

/** The operators of ONNX that can be run, by family. */
function onnxOperators() {
  const order = (a, b) => Number(a.name > b.name) - Number(a.name < b.name)
  const families = [...new Set(supportedOperators().map(({ family }) => family))]
  const sorted = families.flatMap((each) =>
    supportedOperators()
      .filter(({ family }) => family === each)
      .sort(order),
  )
  const rows = sorted.map(({ family, name, since, notes }) => [family, `\`${name}\``, `${since}`, notes])
  const count = `${rows.length} operators; the number is that of the operator set in which each first appeared.`
  return `${count}\n\n${table(['family', 'operator', 'since', 'notes'], rows, [2])}`
}

function onnxUnsupported() {
  const names = [...unsupportedReasons.keys()]
  const rows = [...new Set(unsupportedReasons.values())].map((reason) => [
    reason,
    names.flatMap((name) => (unsupportedReasons.get(name) === reason ? [`\`${name}\``] : [])).join(', '),
  ])
  return table(['reason', 'operators'], rows)
}

function range(members, value, format) {
  const values = members.map(value)
  const [low, high] = [format(Math.min(...values)), format(Math.max(...values))]
  return low === high ? low : `${low} to ${high}`
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
  const commands = [...ocelli('--help').matchAll(/^ {2}([\w-]+) {2}/gm)].map(([, name]) => name)
  return commands
    .map((name) => `## ocelli ${name}\n\n\`\`\`text\n${ocelli(name, '--help')}\n\`\`\``)
    .join('\n\n')
}

/** What is read and written, from the formats' own table. */
function formatTable() {
  const rows = Object.values(formats).map(({ title, extensions, holds, dtypes, limits, write }) => [
    title,
    extensions.map((extension) => `\`${extension}\``).join(' '),
    holds === 'network' ? 'weights and network' : 'weights',
    write === null ? 'no' : 'yes',
    dtypes,
    limits,
  ])
  return table(['format', 'files', 'read', 'written', 'element types', 'limits'], rows)
}

/** The classical methods, from their own table. */
function classicalMethods() {
  const kinds = { classifier: 'classes', regressor: 'numbers', transformer: 'columns' }
  const rows = Object.entries(methods).map(([key, { kind, title, summary }]) => [
    `\`${key}\``,
    title,
    kinds[kind],
    summary,
  ])
  return table(['key', 'method', 'gives', 'what it is'], rows)
}

const parts = {
  methods: classicalMethods(),
  formats: formatTable(),
  networks: networks(),
  zoo: zooSections(all),
  options: await options(),
  help: help(),
  onnxOperators: onnxOperators(),
  onnxUnsupported: onnxUnsupported(),
}

function filled(text) {
  return text.replace(/<!-- (\w+) -->\n[\s\S]*?<!-- \/\1 -->/g, (whole, name) =>
    name in parts ? `<!-- ${name} -->\n\n${parts[name]}\n\n<!-- /${name} -->` : whole,
  )
}

const guides = readdirSync(join(root, 'docs'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`)
const files = [
  ...['README.md', ...guides].map((file) => [file, filled]),
  ['docs/pictures/zoo.svg', () => zooPicture(all)],
]
let stale = 0
for (const [file, make] of files) {
  const path = join(root, file)
  const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
  const wanted = make(text)
  if (wanted === text) continue
  if (process.argv.includes('--check')) {
    console.error(`${file} is not what the sources say; run: npm run build && node scripts/docs.mjs`)
    stale++
  } else writeFileSync(path, wanted)
}
process.exitCode = stale > 0 ? 1 : 0
