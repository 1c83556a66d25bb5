import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makePlayground, type Playground } from '../support/playground.ts'

const run = promisify(execFile)
const folder = resolve(import.meta.dirname, '../../examples')
const squeezenet = ['squeezenet1_1', 'squeezenet1_1.pth'] as const

interface ExampleRun {
  readonly args: readonly string[]
  readonly prints: RegExp
  /** A file that it leaves behind. */
  readonly saves?: string
}

const runs: Readonly<Record<string, ExampleRun>> = {
  'own-network.js': { args: [], prints: /9[5-9]\.\d % of the test images/, saves: 'small-net.safetensors' },
  'training-loop.js': { args: [], prints: /9[5-9]\.\d % of the test images/ },
  'classify.js': {
    args: [...squeezenet, 'photographs/n02391049_zebra.jpg', 'photographs/n04399382_teddy.jpg'],
    prints: /zebra\.jpg\n( +[\d.]+ % .+\n){3}photographs\/n04399382_teddy\.jpg\n( +[\d.]+ % .+\n){3}/,
  },
  'fine-tune.js': {
    args: ['flowers', ...squeezenet],
    prints: /with the last two stages\nepoch 1 {2}loss [\d.]+ {2}validation (0\.[5-9]|1)/,
    saves: 'fine-tuned.safetensors',
  },
  'similar-images.js': {
    args: [...squeezenet, 'photographs'],
    prints: /most like .*zebra.*:\n( +-?\d\.\d{3} .*\n){3}/,
  },
  'saliency.js': {
    args: [...squeezenet, 'photographs/n02391049_zebra.jpg'],
    prints: /224 x 224/,
    saves: 'saliency.png',
  },
  'convert-weights.js': {
    args: ['squeezenet1_1.pth', 'copy.safetensors'],
    prints: /52 tensors/,
    saves: 'copy.safetensors',
  },
}

describe('examples', () => {
  let playground: Playground
  beforeAll(async () => {
    playground = await makePlayground()
  })
  afterAll(() => playground.remove())

  it('all have a run here', () => {
    expect(Object.keys(runs).sort()).toEqual(readdirSync(folder).filter((name) => name.endsWith('.js')))
  })

  it.each(Object.entries(runs))('%s', async (name, { args, prints, saves }) => {
    const { stdout } = await run(process.execPath, [join(folder, name), ...args], { cwd: playground.folder })
    expect(stdout).toMatch(prints)
    if (saves !== undefined) expect(existsSync(join(playground.folder, saves)), saves).toBe(true)
  })

  it.each(Object.entries(runs).filter(([, { args }]) => args.length > 0))(
    '%s without arguments says what it takes',
    async (name) => {
      const failure = await run(process.execPath, [join(folder, name)]).catch((error) => error)
      expect([failure.code, failure.stderr]).toEqual([
        2,
        expect.stringContaining(`usage: node examples/${name}`),
      ])
    },
  )
})
