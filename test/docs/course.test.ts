import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkGuide, guides, programsOf, sameOutput } from '../../scripts/course.mjs'
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
