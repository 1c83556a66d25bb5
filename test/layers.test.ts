import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const source = resolve(import.meta.dirname, '../src')

/** Lowest first: a folder may import from its own level and from those before it. */
const levels: readonly (readonly string[])[] = [
  ['graph'],
  ['autograd', 'compiler'],
  ['backends'],
  ['tensor'],
  ['nn', 'transforms', 'weights', 'onnx', 'metrics', 'plots'],
  ['optim', 'data', 'hub'],
  ['models', 'classical'],
  ['detection'],
  ['train'],
  ['cli'],
]

/** What no browser loads; the rest may not import Node's modules. */
const nodeOnly =
  /^(backends\/(native\/|wasm\/node\.ts)|classical\/file\.ts|cli\/|train\/|weights\/((darknet\/)?file|write-file)\.ts|hub\/(cache|download|download-errors|lock|node|part|request|settings|verify)\.ts|data\/(coco-detection|detection-list|open-detection|voc-detection|yolo-labels|node|decode|encode|folder|idx-files|image-folder|image-list|image-rows|labelled-folder|open)\.ts)/

function levelOf(folder: string): number {
  return levels.findIndex((level) => level.includes(folder))
}

const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replaceAll('\\', '/'))

function importsOf(file: string, which: 'all' | 'static' = 'all'): string[] {
  const text = readFileSync(join(source, file), 'utf8')
  const pattern = which === 'all' ? /(?:from|import)\s*\(?\s*'([^']+)'/g : /(?:from|^import)\s*'([^']+)'/gm
  return [...text.matchAll(pattern)].map((match) => match[1]!)
}

describe('imports', () => {
  it('point downward only', () => {
    const upward: string[] = []
    for (const file of files) {
      const folder = file.split('/')[0]!
      if (!file.includes('/')) continue
      expect(levelOf(folder), `src/${folder} has no level in this test`).toBeGreaterThanOrEqual(0)
      for (const target of importsOf(file)) {
        if (!target.startsWith('.')) continue
        const reached = relative(source, resolve(source, dirname(file), target)).replaceAll('\\', '/')
        if (levelOf(reached.split('/')[0]!) > levelOf(folder)) upward.push(`${file} imports ${reached}`)
      }
    }
    expect(upward).toEqual([])
  })

  it('of Node stay out of what a browser loads', () => {
    const offenders = files.filter(
      (file) => !nodeOnly.test(file) && importsOf(file).some((t) => t.startsWith('node:')),
    )
    expect(offenders).toEqual([])
  })

  it('lead from what a browser loads to nothing that it cannot', () => {
    const reached = new Set(
      files.filter((file) => /^[^/]+\/index\.ts$|^index\.ts$/.test(file) && !nodeOnly.test(file)),
    )
    for (const file of reached) {
      for (const target of importsOf(file, 'static')) {
        if (target.startsWith('.'))
          reached.add(relative(source, resolve(source, dirname(file), target)).replaceAll('\\', '/'))
      }
    }
    expect([...reached].filter((file) => nodeOnly.test(file))).toEqual([])
  })

  it('of Node stay out of the built files that a browser loads', () => {
    const built = resolve(source, '../dist')
    const staticImports = (file: string): string[] =>
      [...readFileSync(file, 'utf8').matchAll(/^(?:import|export)\b[^;]*?["']([^"'\n]+)["'];$/gm)].map(
        (match) => match[1]!,
      )
    const entries = files
      .filter((file) => /^([^/]+\/)?index\.ts$/.test(file) && !nodeOnly.test(file))
      .map((file) => join(built, file.replace(/\.ts$/, '.js')))
      .filter((file) => existsSync(file))
    const reached = new Set(entries)
    const offenders: string[] = []
    for (const file of reached) {
      for (const target of staticImports(file)) {
        if (target.startsWith('.')) reached.add(resolve(dirname(file), target))
        else offenders.push(`${relative(built, file)} imports ${target}`)
      }
    }
    expect(entries.length).toBeGreaterThan(5)
    expect(reached.size).toBeGreaterThan(entries.length)
    expect(offenders).toEqual([])
  })

  it('name sources with their extension', () => {
    const bare = files.flatMap((file) =>
      importsOf(file).filter((t) => t.startsWith('.') && !t.endsWith('.ts')),
    )
    expect(bare).toEqual([])
  })
})
