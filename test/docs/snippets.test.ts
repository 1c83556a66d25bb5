import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, delimiter, dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makePlayground, type Playground } from '../support/playground.ts'
import { typeErrors } from '../support/typed.ts'

const run = promisify(execFile)
const root = resolve(import.meta.dirname, '../..')
// Within the package, so that programs find it under its own name.
const programs = join(root, 'build', 'snippets')

interface Step {
  readonly line: number
  readonly kind: 'program' | 'commands'
  text: string
  /** What it must print, where the document says so. */
  output: string
}

const markdownIn = (folder: string): string[] =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`)

/** The guides of docs/course are run by course.test.ts. */
const documents = ['README.md', 'CONTRIBUTING.md', ...markdownIn('docs')]

/** Fenced blocks in order. A block of code that imports nothing goes on with the program before it. */
function stepsOf(document: string): Step[] {
  const steps: Step[] = []
  const text = readFileSync(join(root, document), 'utf8').replace(/<!-- help -->[\s\S]*<!-- \/help -->/, '')
  for (const match of text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)) {
    const [, language, content] = match as unknown as [string, string, string]
    const line = text.slice(0, match.index).split('\n').length
    const last = steps.at(-1)
    const goesOn =
      last?.kind === 'program' && /continuing the program above:\n+$/i.test(text.slice(0, match.index))
    if (language === 'ts' && goesOn) last.text += content
    else if (language === 'ts') steps.push({ line, kind: 'program', text: content, output: '' })
    else if (language === 'sh') steps.push({ line, kind: 'commands', text: content, output: '' })
    else if (language === 'text' && last) last.output += content
    else throw new Error(`${document}:${line}: a block of kind '${language}' is neither run nor compared`)
  }
  return steps
}

const fileOf = (document: string, { line }: Step): string =>
  join(programs, `${document.replaceAll(/[/.]/g, '-')}-${line}.mts`)

const all = documents
  .map((document) => ({ document, steps: stepsOf(document) }))
  .filter(({ steps }) => steps.length > 0)

/** npm's own commands are what the gate runs. */
const runElsewhere = /^(npm (install|test|run|start)|npx vitest)\b/

function commandsOf(text: string): string[] {
  return text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .map((line) => line.replace(/\s+#.*$/, '').trim())
    .filter((line) => line !== '' && !runElsewhere.test(line))
}

describe('documentation', () => {
  beforeAll(() => {
    rmSync(programs, { recursive: true, force: true })
    mkdirSync(programs, { recursive: true })
    for (const { document, steps } of all) {
      for (const step of steps) if (step.kind === 'program') writeFileSync(fileOf(document, step), step.text)
    }
  })

  it('is typed as it stands', () => {
    const files = readdirSync(programs).map((name) => join(programs, name))
    expect(typeErrors(files)).toEqual([])
  })

  it('holds the tables and help texts that the sources give', async () => {
    await run(process.execPath, [join(root, 'scripts/docs.mjs'), '--check'])
  })

  it('links to files that exist', () => {
    for (const document of [...documents, ...markdownIn('docs/course'), ...markdownIn('docs/decisions')]) {
      const text = readFileSync(join(root, document), 'utf8')
      for (const [, target] of text.matchAll(/\]\(([^)#:]+)\)/g)) {
        const path = resolve(root, dirname(document), target!)
        expect(readdirSync(dirname(path)), `${document} links to ${target}`).toContain(basename(path))
      }
    }
  })

  describe.each(all)('$document', ({ document, steps }) => {
    let playground: Playground
    beforeAll(async () => {
      playground = await makePlayground()
      const tools = join(playground.folder, '.bin')
      mkdirSync(tools)
      const script = `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'dist/cli/main.js')}' "$@"\n`
      writeFileSync(join(tools, 'ocelli'), script, { mode: 0o755 })
    })
    afterAll(() => playground.remove())

    it.each(steps)('line $line', async (step) => {
      const options = {
        cwd: playground.folder,
        env: { ...process.env, PATH: `${join(playground.folder, '.bin')}${delimiter}${process.env.PATH}` },
      }
      let printed = ''
      if (step.kind === 'program') {
        const { outputText } = ts.transpileModule(step.text, {
          compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext },
        })
        const file = fileOf(document, step).replace(/\.mts$/, '.mjs')
        writeFileSync(file, outputText)
        printed = (await run(process.execPath, [file], options)).stdout
      } else {
        for (const command of commandsOf(step.text)) {
          printed += (await run('sh', ['-ec', command.replaceAll('npx ocelli', 'ocelli')], options)).stdout
        }
      }
      const wanted = step.output.split('\n').filter((line) => line !== '')
      const lines = printed.split('\n')
      let from = 0
      for (const line of wanted) {
        const at = lines.indexOf(line, from)
        expect(at, `'${line}' in what was printed:\n${printed}`).toBeGreaterThanOrEqual(0)
        from = at + 1
      }
    })
  })
})
