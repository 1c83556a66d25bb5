import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const dist = resolve(import.meta.dirname, '../../dist')
const read = (file: string): string => readFileSync(join(dist, file), 'utf8')

describe('the built charts', () => {
  it('load the libraries that draw only when something is drawn', () => {
    const entry = read('plots/index.js')
    expect(entry).toMatch(/import\("\.\/echarts\.js"\)/)
    expect(entry).not.toMatch(/^import[^(]*(echarts|contour-shapes|layered)\.js/m)
    expect(entry.length).toBeLessThan(80_000)
  })

  it('ask for nothing that only Node has', () => {
    for (const file of readdirSync(join(dist, 'plots')).filter((name) => name.endsWith('.js'))) {
      expect(read(join('plots', file)), file).not.toContain('process.env')
    }
  })

  it('name no package that is not installed with them', () => {
    const reached = new Set(['plots/index.d.ts'])
    for (const file of reached) {
      for (const [, target] of read(file).matchAll(/from '([^']+)'/g)) {
        expect(target, file).toMatch(/^\./)
        reached.add(join(file, '..', target!.replace(/\.ts$/, '.d.ts')))
      }
    }
    expect(reached.size).toBeGreaterThan(8)
  })

  it('bring the licences of what is bundled', () => {
    const text = read('THIRD-PARTY-LICENSES.txt')
    for (const name of ['echarts', 'zrender', 'tslib', 'd3-contour', 'd3-array', '@dagrejs/dagre']) {
      expect(text).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(`, 'm'))
    }
    expect(text).toContain('Apache License')
    expect(text).toContain('This product includes software developed at\nThe Apache Software Foundation')
  })
})
