import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkGuide, guides, programsOf, sameOutput } from '../../scripts/course.mjs'
import { showValue, takeValues, withValuesShown, wrongValues } from '../../scripts/course-values.mjs'
import { typeErrors } from '../support/typed.ts'

const programs = resolve(import.meta.dirname, '../../build/course')

describe('the course', () => {
  it('is typed as it stands', () => {
    mkdirSync(programs, { recursive: true })
    const files = guides().flatMap((guide) =>
      programsOf(guide).map(({ line, text }) => {
        const file = join(programs, `${guide.replace('.md', '')}-${line}.mts`)
        // Top-level code of a program without imports would be taken for a script.
        writeFileSync(file, `${text}\nexport {}\n`)
        return file
      }),
    )
    expect(typeErrors(files)).toEqual([])
  })

  it.each(guides())('%s prints and draws what it says', { timeout: 180_000 }, async (guide) => {
    const { differences, missing } = await checkGuide(guide)
    if (missing.length > 0) console.warn(`skipped parts of ${guide}: ${missing.join(', ')} not here`)
    expect(differences).toEqual([])
  })
})

describe('outputs', () => {
  it('are the same to the character without a tolerance', () => {
    expect(sameOutput('loss 0.5\n', 'loss 0.5\n')).toBe(true)
    expect(sameOutput('loss 0.5\n', 'loss 0.51\n')).toBe(false)
  })

  it('differ in numbers by no more than the tolerance or the last digit', () => {
    expect(sameOutput('loss 0.50, 97 %\n', 'loss 0.51, 98 %\n', 0.02)).toBe(true)
    expect(sameOutput('loss 0.50\n', 'loss 0.53\n', 0.02)).toBe(false)
    expect(sameOutput('10 images\n', '11 images\n', 0.02)).toBe(false)
    expect(sameOutput('loss  9.9\n', 'loss 10.0\n', 0.02)).toBe(true)
  })

  it('have the same words', () => {
    expect(sameOutput('loss 0.5\n', 'cost 0.5\n', 0.5)).toBe(false)
    expect(sameOutput('1 2\n', '1 2 3\n', 0.5)).toBe(false)
  })
})

describe('comments that state values', () => {
  const run = (code: string): { printed: string; wrong: string[] } => {
    const program = showValue + withValuesShown(code)
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
    })
    const { printed, values } = takeValues(output)
    return { printed, wrong: wrongValues(code, values).map(({ text, found }) => `${text} is ${found}`) }
  }

  it('are compared with what the expressions give, of all kinds of statements', () => {
    const code = [
      'const twice = (x) => {',
      '  return 2 * x // => 6',
      '}',
      'let y = twice(3) // => 6',
      "console.log('between')",
      'y = [y, y + 1, "a"] // => [6, 7, \'a\']',
      'y.length // => 4',
      'function unused() {',
      '  y.at(0) // => 6',
      '}',
    ].join('\n')
    expect(run(code)).toEqual({ printed: 'between\n', wrong: ['4 is 3', '6 is undefined'] })
  })

  it('say of a tensor its shape', () => {
    expect(run('class Tensor { shape = [1, 3] }\nnew Tensor() // => [1, 3]').wrong).toEqual([])
  })

  it('belong to their block, whichever calls them', () => {
    const blocks = ['const f = (x) => {\n  return x + 1 // => 2\n}', 'f(1)\n3 * 2 // => 7']
    const program = showValue + blocks.map((block, i) => withValuesShown(block, i)).join('\n')
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
    })
    const { values } = takeValues(output)
    expect(blocks.map((block, i) => wrongValues(block, values, i).map(({ found }) => found))).toEqual([
      [],
      ['6'],
    ])
  })

  it('hold each time that a statement runs', () => {
    expect(run('for (const x of [1, 2]) {\n  x * 2 // => 2\n}').wrong).toEqual(['2 is 4'])
  })

  it('behind anything else are errors', () => {
    expect(() => withValuesShown('if (true) { // => true\n}')).toThrow(/1 of the comments \/\/ => /)
  })
})
