import { cpSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { createModel } from '../../src/models/index.ts'
import { saveSafetensors } from '../../src/weights/file.ts'
import { type Finished, ocelli, temporaryFolder, writePicture } from '../support/command-line.ts'

const cwd = temporaryFolder()
const run = (...args: string[]): Promise<Finished> => ocelli(args, { cwd })

/** The one clear error of a command that failed. */
async function errorOf(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...args)
  expect([code, stdout], stderr).toEqual([1, ''])
  const message = stderr.slice(stderr.indexOf('ocelli: '))
  expect(message).toMatch(/^ocelli: /)
  expect(message, 'no stack').not.toMatch(/^ +at /m)
  return message
}

const train = (data: string, ...more: string[]): string[] => [
  ...[
    'train',
    '--data',
    data,
    '--model',
    'resnet20_cifar10',
    '--epochs',
    '1',
    '--batch-size',
    '4',
    '--val-split',
    '0',
  ],
  ...more,
]

beforeAll(async () => {
  for (const [i, name] of ['cat', 'dog'].entries()) {
    mkdirSync(join(cwd, 'good', name), { recursive: true })
    for (let n = 0; n < 5; n++) await writePicture(join(cwd, 'good', name, `${n}.jpg`), [200 * i, 20 * n, 80])
  }
  await saveSafetensors(
    join(cwd, 'net.safetensors'),
    (await createModel('resnet20_cifar10', { numClasses: 2 })).stateDict(),
  )
})

describe('images', () => {
  const broken = join('bad', 'dog', '3.jpg')

  beforeAll(() => {
    cpSync(join(cwd, 'good'), join(cwd, 'bad'), { recursive: true })
    const path = join(cwd, broken)
    truncateSync(path, readFileSync(path).length - 200)
  })

  it.each([
    ['train', train('bad', '--out', 'stopped')],
    [
      'eval',
      [
        'eval',
        '--data',
        'bad',
        '--model',
        'resnet20_cifar10',
        '--weights',
        'net.safetensors',
        '--model-option',
        'numClasses=2',
      ],
    ],
    ['predict', ['predict', '--model', 'resnet20_cifar10', '--weights', 'net.safetensors', 'bad']],
  ])('that are corrupt stop %s, named', async (_, args) => {
    const { code, stderr } = await run(...args)
    expect(code).toBe(1)
    expect(stderr).toContain(broken)
    expect(stderr).toContain('--skip-corrupt')
  })

  it.each([
    ['train', train('bad', '--out', 'went-on', '--skip-corrupt')],
    [
      'eval',
      [
        'eval',
        '--data',
        'bad',
        '--model',
        'resnet20_cifar10',
        '--weights',
        'net.safetensors',
        '--skip-corrupt',
      ],
    ],
    [
      'predict',
      ['predict', '--model', 'resnet20_cifar10', '--weights', 'net.safetensors', '--skip-corrupt', 'bad'],
    ],
  ])('that are corrupt are named and left out of %s with --skip-corrupt', async (_, args) => {
    const { code, stderr } = await run(...args)
    expect(code, stderr).toBe(0)
    expect(stderr).toContain(broken)
  })

  it('that do not exist, or are none', async () => {
    const network = ['--model', 'resnet20_cifar10', '--weights', 'net.safetensors']
    expect(await errorOf('predict', ...network, 'gone.jpg')).toMatch(/gone\.jpg: no such file/)
    writeFileSync(join(cwd, 'text.jpg'), 'not an image')
    expect(await errorOf('predict', ...network, 'text.jpg')).toMatch(/text\.jpg/)
  })
})

describe('folders', () => {
  it('that are empty, absent, or lack a class', async () => {
    mkdirSync(join(cwd, 'empty'))
    expect(await errorOf(...train('empty'))).toMatch(/empty: is empty/)
    expect(await errorOf(...train('absent'))).toMatch(/absent.*no such folder/)
    cpSync(join(cwd, 'good'), join(cwd, 'lacking'), { recursive: true })
    mkdirSync(join(cwd, 'lacking', 'horse'))
    expect(await errorOf(...train('lacking'))).toMatch(/horse/)
  })

  it('with too few images for a validation share', async () => {
    for (const folder of ['one/cat', 'two/cat', 'two/dog']) {
      mkdirSync(join(cwd, folder), { recursive: true })
      await writePicture(join(cwd, folder, '0.png'), [9, 9, 200])
    }
    const split = (data: string, share: string): string[] =>
      train(data, '--out', `${data}-${share}`, '--val-split', share)
    expect(await errorOf(...split('one', '0.1'))).toMatch(
      /1 image is too few for a validation share of 10 %; use --val-split 0/,
    )
    expect((await run(...split('one', '0'))).code).toBe(0)
    const { code, stderr } = await run(...split('two', '0.1'))
    expect(code, stderr).toBe(0)
    expect(stderr).toMatch(/no training images for 1 class of 2: (cat|dog); .*--val-split 0/)
  })

  it('that cannot be written', async () => {
    writeFileSync(join(cwd, 'a-file'), '')
    expect(await errorOf(...train('good', '--out', 'a-file/run'))).toMatch(/a-file.*--out/s)
  })
})

describe('weights', () => {
  const predict = (weights: string): Promise<string> =>
    errorOf('predict', '--model', 'resnet20_cifar10', '--weights', weights, 'good')

  it('that are absent, cut off, or something else', async () => {
    expect(await predict('gone.pth')).toMatch(/gone\.pth: no such file/)
    const whole = readFileSync(join(cwd, 'net.safetensors'))
    writeFileSync(join(cwd, 'cut.safetensors'), whole.subarray(0, whole.length - 1000))
    expect(await predict('cut.safetensors')).toMatch(/cut\.safetensors/)
    writeFileSync(join(cwd, 'text.pth'), 'these are no weights')
    expect(await predict('text.pth')).toMatch(/text\.pth/)
  })

  it('that would run a program are refused', async () => {
    const attack = join(import.meta.dirname, '../weights/fixtures/attack-system.legacy.pth')
    expect(await predict(attack)).toMatch(/attack-system\.legacy\.pth.*posix\.system/s)
  })

  it('of another network give a table of what does not fit', async () => {
    await saveSafetensors(
      join(cwd, 'deeper.safetensors'),
      (await createModel('resnet32_cifar10')).stateDict(),
    )
    const message = await predict('deeper.safetensors')
    expect(message).toMatch(/do not fit resnet20_cifar10: .*unexpected/)
    expect(message).toMatch(/layer1\.3\.conv1\.weight/)
    expect(message.split('\n').length).toBeLessThan(60)
  })
})

describe('weights that give NaN', () => {
  const spoilt = async (name: string): Promise<string> => {
    const network = await createModel('resnet20_cifar10', { numClasses: 2 })
    const tensor = network.stateDict().get(name)!
    tensor.load(new Float32Array(tensor.size).fill(Number.NaN))
    const file = `nan-${name}.safetensors`
    await saveSafetensors(join(cwd, file), network.stateDict())
    return file
  }

  it.each([
    ['layer1.0.conv1.weight', 'parameter layer1.0.conv1.weight holds NaN or infinite values'],
    ['bn1.running_var', 'layer bn1 (BatchNorm2d) gave NaN or infinite values first'],
  ])('in %s are an error of eval and predict', async (name, cause) => {
    const file = await spoilt(name)
    const network = ['--model', 'resnet20_cifar10', '--weights', file]
    for (const args of [
      ['eval', '--data', 'good', ...network],
      ['eval', '--data', 'good', '--json', ...network],
      ['predict', ...network, 'good'],
      ['predict', '--json', ...network, 'good'],
    ]) {
      const message = await errorOf(...args)
      expect(message).toContain(`ocelli: ${file}: `)
      expect(message).toContain(cause)
      expect(message.trimEnd().split('\n')).toHaveLength(1)
    }
  })
})

describe('a loss that is not finite', () => {
  it('stops the run, saying at which step and layer', async () => {
    const message = await errorOf(
      ...train(
        'good',
        '--lr',
        '1e30',
        '--optimizer',
        'sgd',
        '--out',
        'nan',
        '--epochs',
        '5',
        '--schedule',
        'constant',
      ),
    )
    expect(message).toMatch(
      /the loss became (NaN|-?Infinity) at step \d+ of epoch \d+: .*(layer|parameter) \w+/,
    )
  })
})
