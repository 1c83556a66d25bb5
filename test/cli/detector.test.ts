import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Finished, ocelli, temporaryFolder } from '../support/command-line.ts'
import { shapeNames, shapes } from '../support/shapes.ts'

const cwd = temporaryFolder()
const run = (...args: string[]): Promise<Finished> => ocelli(args, { cwd })

async function succeed(...args: string[]): Promise<Finished> {
  const finished = await run(...args)
  expect(finished.code, finished.stderr).toBe(0)
  return finished
}

const side = 64
const cfg = `[net]
width=${side}
height=${side}
channels=3
[convolutional]
batch_normalize=1
filters=16
size=3
stride=4
pad=1
activation=leaky
[convolutional]
batch_normalize=1
filters=24
size=3
stride=2
pad=1
activation=leaky
[convolutional]
filters=255
size=1
activation=linear
[yolo]
mask=0,1,2
anchors=8,8, 16,16, 28,28
classes=80
num=3
iou_thresh=0.3
`

beforeAll(async () => {
  for (const folder of ['images', 'labels']) mkdirSync(join(cwd, 'shapes', folder), { recursive: true })
  writeFileSync(join(cwd, 'shapes', 'classes.txt'), shapeNames.join('\n'))
  writeFileSync(join(cwd, 'small.cfg'), cfg)
  const data = shapes(10, side, 5)
  for (let i = 0; i < data.length; i++) {
    const { image, objects } = await data.get(i)
    await sharp(image.data, { raw: { width: side, height: side, channels: 3 } })
      .png()
      .toFile(join(cwd, 'shapes', 'images', `${i}.png`))
    const lines = objects.map(({ label, box: [x1, y1, x2, y2] }) =>
      [label, (x1 + x2) / 2 / side, (y1 + y2) / 2 / side, (x2 - x1) / side, (y2 - y1) / side].join(' '),
    )
    writeFileSync(join(cwd, 'shapes', 'labels', `${i}.txt`), lines.join('\n'))
  }
})

const settings = (out: string, ...more: string[]): string[] => [
  ...[
    'train-detector',
    '--data',
    'shapes',
    '--cfg',
    'small.cfg',
    '--batch-size',
    '4',
    '--seed',
    '3',
    '--out',
    out,
  ],
  ...more,
]

describe('ocelli train-detector', () => {
  it('trains, resumes bit for bit, and is measured by eval-detector', async () => {
    const fit = ['--fit-anchors', '--lr', '0.01', '--sizes', '1.3', '--schedule', 'constant']
    const whole = await succeed(...settings('whole', ...fit, '--epochs', '3', '--json'))
    const result = JSON.parse(whole.stdout)
    expect([result.epochs, result.interrupted, result.last.epoch]).toEqual([3, false, 3])
    expect(result.last.validation.ap50).toBeGreaterThanOrEqual(0)
    expect(whole.stderr).toMatch(/anchors .* boxes overlap the best of them by \d+/)
    await succeed(...settings('parts', ...fit, '--epochs', '1'))
    const resumed = await succeed('train-detector', '--resume', 'parts', '--epochs', '3')
    expect(resumed.stdout).toMatch(/AP50 .* after 3 epochs/)
    const file = (folder: string) => readFileSync(join(cwd, folder, 'checkpoint.safetensors'))
    expect(file('parts').equals(file('whole'))).toBe(true)
    const measured = await succeed(
      'eval-detector',
      '--data',
      'shapes',
      '--weights',
      'whole/checkpoint.safetensors',
      '--voc',
      '--json',
    )
    const report = JSON.parse(measured.stdout)
    expect(report.images).toBe(10)
    expect(report.classes.map(({ name }: { name: string }) => name)).toEqual(shapeNames)
    expect(report.voc).toBeGreaterThanOrEqual(0)
  }, 120_000)

  it('starts from weights, with new last layers for other classes', async () => {
    rmSync(join(cwd, 'one'), { recursive: true, force: true })
    mkdirSync(join(cwd, 'one', 'images'), { recursive: true })
    mkdirSync(join(cwd, 'one', 'labels'), { recursive: true })
    writeFileSync(join(cwd, 'one', 'classes.txt'), 'thing\n')
    for (const i of [0, 1]) {
      writeFileSync(join(cwd, 'one/images', `${i}.png`), readFileSync(join(cwd, 'shapes/images', `${i}.png`)))
      writeFileSync(join(cwd, 'one/labels', `${i}.txt`), '0 0.5 0.5 0.4 0.4\n')
    }
    await succeed(...settings('first', '--epochs', '1'))
    const finished = await succeed(
      ...['train-detector', '--data', 'one', '--weights', 'first/checkpoint.safetensors', '--out', 'second'],
      ...['--epochs', '1', '--val-split', '0'],
    )
    expect(finished.stderr).toContain(
      '3 classes, from first/checkpoint.safetensors; new last layers for 1 class',
    )
  }, 120_000)

  it('says what it cannot do, and what to do instead', async () => {
    const wrong: readonly (readonly [string[], RegExp, number])[] = [
      [['train-detector'], /needs --data/, 2],
      [['train-detector', '--data', 'shapes'], /which network\? give --cfg FILE/, 2],
      [settings('x', '--model', 'yolov3'), /--cfg and --model both/, 2],
      [settings('x', '--size', '50'), /multiples of 32/, 2],
      [['train-detector', '--data', 'nowhere', '--cfg', 'small.cfg'], /nowhere: no such file/, 1],
      [['train-detector', '--data', 'shapes', '--cfg', 'shapes/classes.txt'], /classes\.txt/, 1],
      [['train-detector', '--data', 'shapes', '--model', 'lenet5'], /no YOLO detector/, 1],
      [['train-detector', '--resume', 'shapes', '--lr', '1'], /not --lr/, 2],
      [['train-detector', '--resume', 'shapes'], /run\.json: no such file/, 1],
      [['eval-detector', '--data', 'shapes'], /needs --weights/, 2],
      [
        ['eval-detector', '--data', 'shapes', '--cfg', 'small.cfg', '--weights', 'small.cfg'],
        /small\.cfg/,
        1,
      ],
    ]
    for (const [args, message, code] of wrong) {
      const finished = await run(...args)
      expect(finished.stderr, args.join(' ')).toMatch(message)
      expect(finished.stderr).not.toMatch(/\n\s+at /)
      expect(finished.code, args.join(' ')).toBe(code)
    }
    writeFileSync(join(cwd, 'shapes/labels/3.txt'), '0 0.5 0.5 0.1 0.1\n7 0.5 0.5 1 1\n')
    const finished = await run(...settings('x'))
    expect(finished.stderr).toContain('3.txt: line 2: class 7 is not one of the 3 classes')
    expect(finished.code).toBe(1)
  }, 120_000)
})
