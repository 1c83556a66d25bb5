import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Progress } from '../../src/cli/progress.ts'

/** What a terminal of so many columns shows halfway. */
function shown(columns: number | undefined): string {
  let text = ''
  let time = 0
  const output = {
    isTTY: true,
    ...(columns !== undefined && { columns }),
    write: (part: string) => {
      text = part
    },
  }
  const progress = new Progress('epoch 1/10', { total: 10_000, unit: 'images', output, now: () => time })
  time = 2000
  progress.advance(5000, 'loss 0.1234')
  return text.replace('\r', '').replace('\u001b[K', '')
}

describe('the progress line', () => {
  beforeEach(() => vi.stubEnv('CI', undefined))
  afterEach(() => vi.unstubAllEnvs())

  it('has rate, time to go and loss in 80 columns', () => {
    const line = shown(80)
    expect(line).toBe('epoch 1/10 [=====     ] 5000/10000  2500 images/s  ETA 2.0 s  loss 0.1234')
    expect(shown(120)).toMatch(/\[={10} {10}\] 5000\/10000 images {2}2500 images\/s/)
  })

  it.each([0, undefined])('takes %s columns for 80', (columns) => {
    expect(shown(columns)).toBe(shown(80))
  })

  it.each([5, 20, 30, 40, 60])('fits %d columns', (columns) => {
    const line = shown(columns)
    expect(line.length).toBeGreaterThan(0)
    expect(line.length).toBeLessThan(columns)
  })
})
