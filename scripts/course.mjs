// Runs the guides of docs/course and puts what their programs print and draw in place:
//   node scripts/course.mjs [--check] [part of a guide's name...]
// With --check nothing is written; what differs from the guide is listed and the exit code is 1.
import { execFile } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import ts from 'typescript'
import { showValue, takeValues, withValuesShown, wrongValues } from './course-values.mjs'

const run = promisify(execFile)
const root = resolve(import.meta.dirname, '..')
const folder = join(root, 'docs', 'course')
const assets = resolve(root, '../shared/assets')

/** Data that a block may need, by the name of its folder beside the program, and where it is found. */
const materials = {
  mnist: 'datasets/mnist',
  cifar10: 'datasets/cifar10-lossless',
  tables: 'datasets/tables',
  photographs: 'images/imagenet',
  scenes: 'images/scenes',
  weights: 'weights',
}

/** Packages beside Ocelli that a block may need, by the name that it gives the need. */
const packages = { onnxruntime: 'onnxruntime-node' }
const installed = join(root, 'bench/node_modules')

/** Within the package, so that a program finds Ocelli under its own name. */
const programs = join(root, 'build/course')

/** The separator that a program prints between its blocks. */
const separator = '\u0001block\u0001'

export function guides() {
  return readdirSync(folder)
    .filter((name) => /^\d\d-.*\.md$/.test(name))
    .sort()
}

/**
 * The fenced blocks of a guide. Code goes on with the program before it, unless its fence says `new` or commands stand
 * between; `text` is what the block before it prints; `needs=mnist` names data without which a block is left out. A
 * comment `// => text` behind a statement of the code says what the value of its expression looks like.
 */
export function blocksOf(name) {
  const text = readFileSync(join(folder, name), 'utf8')
  const blocks = []
  for (const match of text.matchAll(/^```(\w*)([^\n]*)\n([\s\S]*?)^```$/gm)) {
    const [whole, language, info, content] = match
    const line = text.slice(0, match.index).split('\n').length
    const where = `docs/course/${name}:${line}`
    const start = match.index + whole.indexOf('\n') + 1
    const attributes = Object.fromEntries(
      info
        .trim()
        .split(/\s+/)
        .filter((word) => word !== '')
        .map((word) => (word.includes('=') ? word.split('=') : [word, 'true'])),
    )
    const block = { where, line, language, attributes, content, start, end: match.index + whole.length }
    const last = blocks.at(-1)
    if (language === 'text') {
      if (last === undefined || last.output !== undefined) throw new Error(`${where}: output of no block`)
      last.output = block
    } else if (language === 'ts' || language === 'sh') blocks.push(block)
    else throw new Error(`${where}: a block of kind '${language}' is neither run nor compared`)
  }
  return blocks
}

/** The blocks by process: a program's blocks, or one block of commands. */
function stepsOf(blocks) {
  const steps = []
  for (const block of blocks) {
    const last = steps.at(-1)
    const fresh = block.language === 'sh' || block.attributes.new || last?.language !== 'ts'
    if (fresh) steps.push({ language: block.language, line: block.line, blocks: [block] })
    else last.blocks.push(block)
  }
  return steps.map((step) => ({
    ...step,
    needs: step.blocks.flatMap(({ attributes }) => attributes.needs?.split(',') ?? []),
  }))
}

/** Puts the packages that are here where the programs find them, and gives the needs that they meet. */
function linkPackages() {
  const target = join(programs, 'node_modules')
  mkdirSync(target, { recursive: true })
  return Object.entries(packages).flatMap(([need, name]) => {
    rmSync(join(target, name), { force: true })
    if (!existsSync(join(installed, name))) return []
    symlinkSync(join(installed, name), join(target, name))
    return [need]
  })
}

/** The programs of a guide as TypeScript, by line; without those that need a package which is not here. */
export function programsOf(name) {
  const linked = linkPackages()
  return stepsOf(blocksOf(name))
    .filter(({ language }) => language === 'ts')
    .filter(({ needs }) => needs.every((need) => !(need in packages) || linked.includes(need)))
    .map(({ line, blocks }) => ({ line, text: blocks.map(({ content }) => content).join('\n') }))
}

function prepareFolder() {
  const working = mkdtempSync(join(tmpdir(), 'ocelli-course-'))
  for (const [name, path] of Object.entries(materials)) {
    const target = join(assets, path)
    if (existsSync(target)) symlinkSync(target, join(working, name))
  }
  mkdirSync(join(working, 'pictures'))
  mkdirSync(join(working, '.bin'))
  const command = `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'dist/cli/main.js')}' "$@"\n`
  writeFileSync(join(working, '.bin/ocelli'), command, { mode: 0o755 })
  return working
}

async function runProgram(name, step, options) {
  const source = step.blocks
    .map(({ content }, i) => withValuesShown(content, i))
    .join(`\nconsole.log(${JSON.stringify(separator)})\n`)
  const { outputText } = ts.transpileModule(showValue + source, {
    compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext },
  })
  const file = join(programs, `${name.replace('.md', '')}-${step.line}.mjs`)
  writeFileSync(file, outputText)
  const { stdout } = await run(process.execPath, [file], options)
  const { printed, values } = takeValues(stdout)
  const texts = printed.split(`${separator}\n`)
  return step.blocks.map(({ content }, i) => ({ printed: texts[i], wrong: wrongValues(content, values, i) }))
}

async function runCommands(step, options) {
  const text = step.blocks[0].content.replaceAll('npx ocelli', 'ocelli')
  return [{ printed: (await run('sh', ['-ec', text], options)).stdout, wrong: [] }]
}

/** Runs a guide in a folder of its own, and hands what came of it to `use`. */
async function runGuide(name, use) {
  const working = prepareFolder()
  try {
    return await use(await runSteps(name, working))
  } finally {
    rmSync(working, { recursive: true, force: true })
  }
}

/** Gives what each block of a guide printed (undefined where its data is not here) and the pictures drawn. */
async function runSteps(name, working) {
  const options = {
    cwd: working,
    maxBuffer: 1 << 26,
    env: {
      ...process.env,
      PATH: `${join(working, '.bin')}${delimiter}${process.env.PATH}`,
      NO_COLOR: '1',
    },
  }
  const linked = linkPackages()
  const results = []
  const missing = new Set()
  for (const step of stepsOf(blocksOf(name))) {
    for (const need of step.needs) {
      if (!(need in materials) && !(need in packages))
        throw new Error(`docs/course/${name}:${step.line}: no data or package named ${need}`)
    }
    const absent = step.needs.filter((need) => !linked.includes(need) && !existsSync(join(working, need)))
    for (const each of absent) missing.add(each)
    const done =
      absent.length > 0
        ? []
        : step.language === 'ts'
          ? await runProgram(name, step, options)
          : await runCommands(step, options)
    for (const [i, block] of step.blocks.entries()) {
      results.push({ block, ...(done[i] ?? { printed: undefined, wrong: [] }) })
    }
  }
  return { working, results, missing: [...missing], pictures: readdirSync(join(working, 'pictures')).sort() }
}

const number = /[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?/gi

/**
 * Whether two outputs say the same: the same text, and numbers within `tolerance` of the written one, relative to it,
 * or within one unit of its last digit. Without a tolerance they are the same to the character.
 */
export function sameOutput(written, printed, tolerance = 0) {
  if (tolerance === 0 || written === printed) return written === printed
  // Columns widen with a digit more, so the blanks between words do not count.
  const skeleton = (text) => text.replace(number, '#').replace(/[ \t]+/g, ' ')
  if (skeleton(written) !== skeleton(printed)) return false
  const values = printed.match(number) ?? []
  return (written.match(number) ?? []).every((text, i) => {
    const [a, b] = [Number(text), Number(values[i])]
    const decimals = /\.(\d*)/.exec(text)?.[1].length ?? 0
    const unit = text.includes('e') ? 0 : 10 ** -decimals
    return Math.abs(a - b) <= tolerance * Math.abs(a) + (decimals > 0 ? 1.001 * unit : 0)
  })
}

const linked = (name) =>
  [...readFileSync(join(folder, name), 'utf8').matchAll(/!\[[^\]]*\]\(pictures\/([^)]+)\)/g)].map(
    (match) => match[1],
  )

/** What in a guide differs from what its code does, one message each, and the data that is not here. */
export function checkGuide(name) {
  return runGuide(name, (done) => differencesOf(name, done))
}

function differencesOf(name, { results, missing, pictures }) {
  const differences = []
  for (const { block, printed, wrong } of results) {
    if (printed === undefined) continue
    for (const { text, found } of wrong)
      differences.push(`${block.where}: a comment says ${text} and the value is ${found ?? 'never computed'}`)
    const written = block.output?.content ?? ''
    if (!sameOutput(written, printed, Number(block.output?.attributes.tolerance ?? 0)))
      differences.push(
        `${block.output?.where ?? block.where}: the guide says\n${written}and it prints\n${printed}`,
      )
  }
  const shown = linked(name)
  for (const picture of pictures) {
    if (!shown.includes(picture))
      differences.push(`docs/course/${name}: draws ${picture} and does not show it`)
  }
  for (const picture of shown) {
    if (!pictures.includes(picture) && missing.length === 0)
      differences.push(`docs/course/${name}: shows ${picture} and does not draw it`)
    if (!existsSync(join(folder, 'pictures', picture)))
      differences.push(`docs/course/pictures/${picture} is not there`)
  }
  return { differences, missing }
}

/** Writes a guide's outputs and pictures. Gives the data that is not here, whose blocks stay as they are. */
function updateGuide(name) {
  return runGuide(name, (done) => writeResults(name, done))
}

function writeResults(name, { working, results, missing, pictures }) {
  const path = join(folder, name)
  let text = readFileSync(path, 'utf8')
  for (const { block, printed, wrong } of results.toReversed()) {
    if (printed === undefined) continue
    const { output } = block
    if (output === undefined) {
      if (printed !== '')
        text = `${text.slice(0, block.end)}\n\n\`\`\`text\n${printed}\`\`\`${text.slice(block.end)}`
    } else if (!sameOutput(output.content, printed, Number(output.attributes.tolerance ?? 0))) {
      text = text.slice(0, output.start) + printed + text.slice(output.start + output.content.length)
    }
    for (const { start, end, found } of wrong.toReversed()) {
      if (found === undefined)
        throw new Error(`${block.where}: a value that a comment states is never computed`)
      text = text.slice(0, block.start + start) + found + text.slice(block.start + end)
    }
  }
  writeFileSync(path, text)
  mkdirSync(join(folder, 'pictures'), { recursive: true })
  for (const picture of pictures)
    copyFileSync(join(working, 'pictures', picture), join(folder, 'pictures', picture))
  return missing
}

async function main(args) {
  const check = args.includes('--check')
  const parts = args.filter((arg) => !arg.startsWith('--'))
  for (const name of guides().filter(
    (each) => parts.length === 0 || parts.some((part) => each.includes(part)),
  )) {
    const start = performance.now()
    const { differences = [], missing } = check
      ? await checkGuide(name)
      : { missing: await updateGuide(name) }
    const seconds = ((performance.now() - start) / 1000).toFixed(1)
    console.log(`${name}  ${seconds} s${missing.length > 0 ? `  without ${missing.join(', ')}` : ''}`)
    for (const difference of differences) console.log(difference)
    if (differences.length > 0) process.exitCode = 1
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2))
