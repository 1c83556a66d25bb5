import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { createModel } from '../../src/models/index.ts'
import { manualSeed } from '../../src/tensor/index.ts'
import { loadStateDictFile, saveSafetensors } from '../../src/weights/file.ts'
import {
  type Colour,
  type Finished,
  ocelli,
  start,
  temporaryFolder,
  writePicture,
} from '../support/command-line.ts'
import { readEventFile } from '../support/event-file.ts'

const cwd = temporaryFolder()
const run = (...args: string[]): Promise<Finished> => ocelli(args, { cwd })
const bytes = (...parts: string[]): Buffer => readFileSync(join(cwd, ...parts))

const colours: Readonly<Record<string, Colour>> = {
  blue: [30, 60, 200],
  green: [40, 180, 60],
  red: [210, 40, 50],
}

/** Pictures in one colour each, a little different from one another. */
async function writeColours(folder: string, each: number): Promise<void> {
  for (const [name, [r, g, b]] of Object.entries(colours)) {
    mkdirSync(join(cwd, folder, name), { recursive: true })
    for (let i = 0; i < each; i++) {
      const shade = 4 * i
      await writePicture(join(cwd, folder, name, `${i}.png`), [r + shade, g + shade, b + shade], 36)
    }
  }
}

const small = ['--model', 'resnet20_cifar10', '--batch-size', '4', '--seed', '7']
const colourRun = (out: string, ...more: string[]): string[] => [
  ...['train', '--data', 'colours', ...small, '--epochs', '3', '--out', out],
  ...more,
]

async function succeed(...args: string[]): Promise<Finished> {
  const finished = await run(...args)
  expect(finished.code, finished.stderr).toBe(0)
  return finished
}

beforeAll(async () => {
  await writeColours('colours', 10)
  await succeed(...colourRun('whole'))
})

describe('train', () => {
  it('leaves a checkpoint, the best one, its history and its settings', async () => {
    expect(readdirSync(join(cwd, 'whole')).sort()).toEqual([
      'best.safetensors',
      'checkpoint.safetensors',
      'history.json',
      'run.json',
    ])
    const history = JSON.parse(`${bytes('whole', 'history.json')}`)
    expect(history.map(({ epoch }: { epoch: number }) => epoch)).toEqual([1, 2, 3])
    expect(history[2].validation.accuracy).toBeGreaterThan(0.6)
  })

  it('gives a network that knows its classes and how to see images', async () => {
    await writePicture(join(cwd, 'new.png'), [215, 50, 60], 80)
    const { stdout } = await succeed('predict', '-w', 'whole/checkpoint.safetensors', '--json', 'new.png')
    expect(
      JSON.parse(stdout)
        .predictions.map((p: { class: string }) => p.class)
        .sort(),
    ).toEqual(Object.keys(colours))
    const evaluation = await succeed('eval', '-d', 'colours', '-w', 'whole/checkpoint.safetensors', '--json')
    expect(JSON.parse(evaluation.stdout)).toMatchObject({ images: 30, model: 'resnet20_cifar10' })
  })

  it('gives the same bytes for the same seed', async () => {
    await succeed(...colourRun('again'))
    expect(bytes('again', 'checkpoint.safetensors').equals(bytes('whole', 'checkpoint.safetensors'))).toBe(
      true,
    )
  })

  it('stops at Ctrl-C, says how to go on, and goes on to the same weights', async () => {
    const running = start(colourRun('interrupted', '--save-every', '1'), { cwd })
    await running.said(/epoch 1\/3 /)
    running.kill('SIGINT')
    const { code, stderr } = await running.finished
    expect(code, stderr).toBe(130)
    expect(stderr).toMatch(
      /interrupted after step \d+ of \d+ of epoch [123]; saved interrupted.checkpoint\.safetensors/,
    )
    expect(stderr).toContain('ocelli train --resume interrupted')
    await succeed('train', '--resume', 'interrupted')
    expect(
      bytes('interrupted', 'checkpoint.safetensors').equals(bytes('whole', 'checkpoint.safetensors')),
    ).toBe(true)
  })

  it('goes on to the same weights after kill -9', async () => {
    const running = start(colourRun('killed', '--save-every', '2'), { cwd })
    await until(() => existsSync(join(cwd, 'killed', 'checkpoint.safetensors')))
    running.kill('SIGKILL')
    expect((await running.finished).signal).toBe('SIGKILL')
    await succeed('train', '--resume', 'killed')
    expect(bytes('killed', 'checkpoint.safetensors').equals(bytes('whole', 'checkpoint.safetensors'))).toBe(
      true,
    )
    expect(readdirSync(join(cwd, 'killed')).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  it('begins again after kill -9 before the first save, to the same weights', async () => {
    mkdirSync(join(cwd, 'elsewhere'), { recursive: true })
    manualSeed(11)
    await saveSafetensors(join(cwd, 'start.safetensors'), (await createModel('resnet20_cifar10')).stateDict())
    const from = ['--weights', 'start.safetensors', '--epochs', '1']
    const tuned = (out: string): string[] => colourRun(out, ...from)
    await succeed(...tuned('tuned'))
    for (const [args, out, whole] of [
      [colourRun('early'), 'early', 'whole'],
      [tuned('early-tuned'), 'early-tuned', 'tuned'],
    ] as const) {
      const running = start(args, { cwd })
      await until(() => existsSync(join(cwd, out, 'run.json')))
      running.kill('SIGKILL')
      expect((await running.finished).signal).toBe('SIGKILL')
      expect(readdirSync(join(cwd, out))).toEqual(['run.json'])
      const args2 = ['train', '--resume', join('..', out)]
      const { code, stderr } = await ocelli(args2, { cwd: join(cwd, 'elsewhere') })
      expect(code, stderr).toBe(0)
      expect(stderr).toMatch(/ended before its first save: it begins again/)
      expect(bytes(out, 'checkpoint.safetensors').equals(bytes(whole, 'checkpoint.safetensors'))).toBe(true)
    }
  })

  it('says how to go on where the checkpoint of a run is damaged, and does', async () => {
    const path = join(cwd, 'cut', 'checkpoint.safetensors')
    const best = join('cut', 'best.safetensors')
    const resume = ['train', '--resume', 'cut']
    cpSync(join(cwd, 'whole'), join(cwd, 'cut'), { recursive: true })
    truncateSync(path, 5000)
    const { code, stderr } = await run(...resume)
    expect([code, stderr]).toEqual([1, expect.stringMatching(/cut.checkpoint\.safetensors: .*truncated/)])
    expect(stderr).toContain(`copy ${best} over it`)
    expect(stderr).not.toContain('download')
    copyFileSync(join(cwd, best), path)
    await succeed(...resume)
    expect(bytes('cut', 'checkpoint.safetensors').equals(bytes('whole', 'checkpoint.safetensors'))).toBe(true)

    rmSync(join(cwd, best))
    truncateSync(path, 0)
    const alone = await run(...resume)
    expect([alone.code, alone.stderr]).toEqual([
      1,
      expect.stringMatching(/delete it, and resuming begins again/),
    ])
    rmSync(path)
    await succeed(...resume)
    expect(bytes('cut', 'checkpoint.safetensors').equals(bytes('whole', 'checkpoint.safetensors'))).toBe(true)
  })

  it('goes on for more epochs, and from another folder', async () => {
    await succeed(...colourRun('short', '--schedule', 'constant').map((arg) => (arg === '3' ? '1' : arg)))
    mkdirSync(join(cwd, 'elsewhere'), { recursive: true })
    const args = ['train', '--resume', '../short', '--epochs', '2', '--json']
    const { code, stdout, stderr } = await ocelli(args, { cwd: join(cwd, 'elsewhere') })
    expect(code, stderr).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ epochs: 2, interrupted: false })
  })

  it('refuses to overwrite a run, and to resume what is none', async () => {
    const again = await run(...colourRun('whole'))
    expect([again.code, again.stderr]).toEqual([
      1,
      expect.stringMatching(/whole: holds a run already.*--resume whole/),
    ])
    const none = await run('train', '--resume', 'colours')
    expect([none.code, none.stderr]).toEqual([1, expect.stringMatching(/colours.*run\.json.*no such file/)])
    const other = await run('train', '--resume', 'whole', '--lr', '0.1')
    expect([other.code, other.stderr]).toEqual([2, expect.stringMatching(/--lr/)])
  })

  it('trains the classifier alone with --freeze', async () => {
    manualSeed(3)
    const other = await createModel('resnet20_cifar10')
    await saveSafetensors(join(cwd, 'ten-classes.safetensors'), other.stateDict())
    const { stderr } = await succeed(
      ...colourRun('frozen', '--weights', 'ten-classes.safetensors', '--freeze'),
    )
    expect(stderr).toContain('10 classes, from ten-classes.safetensors; a new classifier for 3 classes')
    const before = (await loadStateDictFile(join(cwd, 'ten-classes.safetensors'))).tensors
    const after = (await loadStateDictFile(join(cwd, 'frozen/checkpoint.safetensors'))).tensors
    expect(after.get('linear.weight')!.shape).toEqual([3, 64])
    for (const [name, tensor] of before) {
      if (!name.startsWith('linear.')) expect(after.get(name)!.values(), name).toEqual(tensor.values())
    }
  })

  it('tells TensorBoard of steps, epochs and gradients, and of nothing twice', async () => {
    const logged = colourRun('logged', '--tensorboard', '--histograms', '--schedule', 'constant')
    await succeed(...logged.map((arg) => (arg === '3' ? '1' : arg)))
    await succeed('train', '--resume', 'logged', '--epochs', '2')
    const files = readdirSync(join(cwd, 'logged')).filter((name) => name.startsWith('events.out.tfevents.'))
    const [first, second] = files.sort().map((name) => readEventFile(join(cwd, 'logged', name)))
    expect(files).toHaveLength(2)
    const steps = first!.values.filter(({ tag }) => tag === 'loss/step').length
    expect(second!.restarts).toEqual([steps + 1])
    const history = JSON.parse(`${bytes('logged', 'history.json')}`)
    for (const [epoch, { values }] of [first!, second!].entries()) {
      const { train, validation, lr } = history[epoch]
      const told = (name: string): number[][] =>
        values
          .filter(({ tag }) => tag === name)
          .map(({ step, fields }) => [step, fields.get(2)![0] as number])
      const at = (epoch + 1) * steps
      expect(told('accuracy/train')).toEqual([[at, Math.fround(train.accuracy)]])
      expect(told('loss/validation')).toEqual([[at, Math.fround(validation.loss)]])
      expect(told('learning rate').at(-1)).toEqual([at, Math.fround(lr)])
      expect(told('loss/step').map(([step]) => step)).toEqual(
        Array.from({ length: steps }, (_, i) => epoch * steps + i + 1),
      )
      expect(told('mean gradient/linear.weight')[0]![1]).toBeGreaterThan(0)
      for (const kind of ['weights', 'gradients']) {
        expect(values.filter(({ tag }) => tag === `${kind}/conv1.weight`).map(({ step }) => step)).toEqual([
          at,
        ])
      }
    }
    const alone = await run(...colourRun('unlogged', '--histograms'))
    expect([alone.code, alone.stderr]).toEqual([2, expect.stringMatching(/needs --tensorboard/)])
  })

  it('takes MNIST-like files, parts, and every optimizer and schedule', async () => {
    const common = ['train', '--data', 'digits', '--model', 'lenet5', '--epochs', '1', '--val-split', '0']
    for (const [i, [optimizer, schedule]] of [
      ['sgd', 'one-cycle'],
      ['rmsprop', 'plateau'],
    ].entries()) {
      await succeed(...common, '--optimizer', optimizer!, '--schedule', schedule!, '--out', `kind${i}`)
    }
    writeFileSync(join(cwd, 'colours', 'notes.txt'), 'not an image')
    await succeed(...colourRun('noted'))
  })
})

describe('demo', () => {
  it('goes on after Ctrl-C to the same weights', { timeout: 180_000 }, async () => {
    await succeed('demo', '--epochs', '2', '--seed', '3', '--out', 'demo')
    const running = start(['demo', '--epochs', '2', '--seed', '3', '--out', 'stopped-demo'], { cwd })
    await running.said(/epoch 1\/2 /)
    running.kill('SIGINT')
    const { code, stderr } = await running.finished
    expect(code, stderr).toBe(130)
    expect(stderr).toContain('ocelli demo --resume --out stopped-demo goes on with it')

    const other = await run('demo', '--resume', '--out', 'stopped-demo', '--epochs', '3')
    expect([other.code, other.stderr]).toEqual([2, expect.stringMatching(/without --epochs and --seed/)])
    const train = await run('train', '--resume', 'stopped-demo')
    expect([train.code, train.stderr]).toEqual([
      1,
      expect.stringMatching(/ocelli demo --resume --out stopped-demo/),
    ])

    const { stdout } = await succeed('demo', '--resume', '--out', 'stopped-demo')
    expect(stdout).toMatch(/Test accuracy 9\d\.\d+ % after 2 epochs\./)
    expect(
      bytes('stopped-demo', 'checkpoint.safetensors').equals(bytes('demo', 'checkpoint.safetensors')),
    ).toBe(true)
    const none = await run('demo', '--resume', '--out', 'nowhere')
    expect([none.code, none.stderr]).toEqual([1, expect.stringMatching(/nowhere.*run of ocelli demo/)])
  })
})

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2))
}
