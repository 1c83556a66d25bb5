import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const dist = resolve(import.meta.dirname, '../../dist')
const read = (file: string): string => readFileSync(join(dist, file), 'utf8')

describe('the built charts', () => {
  it('load the libraries that draw only when something is drawn', () => {
    const reached = new Set(['plots/index.js'])
    for (const file of reached) {
      for (const [, target] of read(file).matchAll(/^(?:import|export)\b[^;(]*?"(\.[^"]+)";$/gm)) {
        reached.add(join(file, '..', target!))
      }
    }
    expect([...reached].filter((file) => /third-party|echarts/.test(file))).toEqual([])
    const onDemand = [...reached].filter((file) => /import\("[^"]*\/echarts\.js"\)/.test(read(file)))
    expect(onDemand.length).toBeGreaterThan(0)
    expect(read('plots/echarts.js')).toContain('"../shared/third-party/echarts.js"')
  })

  it('ask for nothing that only Node has', () => {
    for (const folder of ['plots', 'shared/third-party']) {
      const files = readdirSync(join(dist, folder)).filter((name) => name.endsWith('.js'))
      expect(files.length).toBeGreaterThan(2)
      for (const file of files) expect(read(join(folder, file)), file).not.toContain('process.env')
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
