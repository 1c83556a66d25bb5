import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { digits } from '../../src/data/index.ts'
import { createModel } from '../../src/models/index.ts'
import { saveSafetensors } from '../../src/weights/file.ts'
import { type Finished, ocelli, temporaryFolder, writePicture } from '../support/command-line.ts'
import { sharedPath } from '../support/shared.ts'

const cwd = temporaryFolder()
const run = (...args: string[]): Promise<Finished> => ocelli(args, { cwd })

async function lines(...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await run(...args)
  expect(code, stderr).toBe(0)
  return stdout.trimEnd().split('\n')
}

async function json<T>(...args: string[]): Promise<T> {
  return JSON.parse((await lines(...args)).join('\n')) as T
}

describe('help', () => {
  it.each([[[]], [['--help']], [['help']]])('%j lists the commands', async (args) => {
    const { code, stdout } = await run(...args)
    expect(code).toBe(0)
    for (const name of ['demo', 'train', 'eval', 'predict', 'summary', 'profile', 'list', 'info']) {
      expect(stdout).toMatch(new RegExp(`^ +${name} `, 'm'))
    }
  })

  it('of a command tells its options, defaults and examples', async () => {
    const { stdout } = await run('predict', '--help')
    for (const part of ['usage: ocelli predict', '--top-k', '(default 5)', 'Examples'])
      expect(stdout).toContain(part)
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120)
  })

  it('--version gives the version of the package', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
    expect(await lines('--version')).toEqual([version])
  })

  it.skipIf(process.platform === 'win32')('is a file that npx can run by itself', () => {
    const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
    expect(execFileSync(main, ['--help'], { encoding: 'utf8' })).toContain('usage: ocelli')
  })

  it.each([
    [['prdict'], /no command 'prdict'.*predict/s],
    [['predict', '--topk', '3', 'x.png'], /--topk/],
    [['predict', '--top-k', 'many', 'x.png'], /--top-k.*many/],
    [['predict'], /needs images/],
    [['train', '--data', 'digits', '--model', 'lenet5', '--optimizer', 'sdg'], /--optimizer.*sgd, adam/s],
    [['demo', 'digits'], /takes options only/],
    [['demo', '--epochs', '-1'], /--epochs needs a whole number, 1 or more; got '-1'/],
    [['train', '-e', '-1'], /--epochs needs a whole number, 1 or more; got '-1'/],
    [['train', '--lr', '-.5'], /--lr needs a number, 0 or more; got '-\.5'/],
    [['predict', '--top-k=-3', 'x.png'], /--top-k needs a whole number, 1 or more; got '-3'/],
    [['demo', '--epochs', '--json'], /--epochs needs a whole number, 1 or more$/m],
    [['train', '--optimizer'], /--optimizer needs one of sgd, adam/],
    [['train', '--data'], /--data needs a value: <folder>/],
    [['eval', '-d', 'digits', '-m', 'lenet5', '-w', 'none', '--mean', '-0.5'], /none: no such file/, 1],
  ])('%j is wrong usage', async (args, message, expected = 2) => {
    const { code, stdout, stderr } = await run(...args)
    expect([code, stdout]).toEqual([expected, ''])
    expect(stderr).toMatch(message)
    expect(stderr.trimEnd().split('\n').length).toBeLessThan(4)
  })

  it('names networks that are near an unknown one', async () => {
    const { code, stderr } = await run('summary', 'resnet-18')
    expect(code).not.toBe(0)
    expect(stderr).toMatch(/resnet-18.*resnet18/s)
  })
})

describe('list, summary, info', () => {
  it('list takes a pattern', async () => {
    const names = (await json<{ name: string }[]>('list', 'resnet*_cifar10', '--json')).map(
      ({ name }) => name,
    )
    expect(names).toEqual([20, 32, 44, 56, 110, 1202].map((depth) => `resnet${depth}_cifar10`))
    expect((await lines('list')).length).toBeGreaterThan(30)
    expect((await run('list', 'nothing*')).stderr + (await run('list', 'nothing*')).stdout).toMatch(
      /nothing\*/,
    )
  })

  it('summary counts, as text and as JSON, with options of the network', async () => {
    const text = (await lines('summary', 'lenet5')).join('\n')
    expect(text).toMatch(/parameters +61,706 \(0\.2 MiB\)/)
    expect(text).toMatch(/activations +\d+\.\d KiB$/)
    const { parameters, layers } = await json<{ parameters: number; layers: unknown[] }>(
      ...['summary', 'mobilenet_v2', '--json', '--model-option', 'widthMult=0.5'],
    )
    expect([parameters, layers.length > 50]).toEqual([1_968_680, true])
  })

  it('info says what runs and why', async () => {
    const info = await json<Record<string, unknown>>('info', '--json')
    expect(info.backend).toMatch(/native|reference/)
    expect(info).toMatchObject({ node: process.version, reason: expect.any(String) })
  })

  it('work on the reference backend, and say why', async () => {
    const settings = { cwd, env: { OCELLI_BACKEND: 'reference' } }
    const info = await ocelli(['info'], settings)
    expect(info.stdout).toMatch(/backend +reference/)
    expect(info.stdout).toMatch(/OCELLI_BACKEND/)
    expect((await ocelli(['summary', 'lenet5'], settings)).code).toBe(0)
  })

  it('say once why there is no native code', async () => {
    const bare = join(cwd, 'bare')
    const root = join(import.meta.dirname, '../..')
    cpSync(join(root, 'dist'), join(bare, 'dist'), { recursive: true })
    cpSync(join(root, 'package.json'), join(bare, 'package.json'))
    symlinkSync(join(root, 'node_modules'), join(bare, 'node_modules'), 'dir')
    const weights = join(cwd, 'lenet.safetensors')
    await saveSafetensors(weights, (await createModel('lenet5', { numClasses: 4 })).stateDict())
    const picture = join(cwd, 'grey.png')
    await writePicture(picture, [90, 90, 90])
    const main = join(bare, 'dist/cli/main.js')
    const settings = { cwd, main, env: { OCELLI_BACKEND: '' } }
    const { code, stderr } = await ocelli(['predict', '-m', 'lenet5', '-w', weights, picture], settings)
    expect(code, stderr).toBe(0)
    expect(stderr.split('\n')).toEqual([
      `4 classes, from ${weights}`,
      expect.stringMatching(/^device CPU, \d+ threads?, wasm\S* \(wasm: the native addon .*\)$/),
      '',
    ])
  })

  it('end quietly where nobody reads on', async () => {
    const { promisify } = await import('node:util')
    const { execFile } = await import('node:child_process')
    const main = join(import.meta.dirname, '../../dist/cli/main.js')
    const shell = promisify(execFile)
    const { stdout, stderr } = await shell('sh', ['-c', `'${process.execPath}' '${main}' list | head -1`])
    expect([stdout.split('\n').length, stderr]).toEqual([2, ''])
  })
})

describe('demo and its network', () => {
  const checkpoint = 'runs/demo/checkpoint.safetensors'
  const set = digits({ train: false, size: 20 })
  const wanted = ['a.png', 'b.png', 'c.png'].map((name, i) => ({ name, label: set.get(i).label }))
  let demo: Finished

  beforeAll(async () => {
    demo = await run('demo', '--epochs', '2')
    mkdirSync(join(cwd, 'drawn'))
    for (const [i, { name }] of wanted.entries()) {
      const { data, width, height } = set.get(i).image
      await sharp(data, { raw: { width, height, channels: 1 } }).toFile(join(cwd, 'drawn', name))
    }
  }, 120_000)

  it('shows epochs, a confusion matrix, a drawn digit and the accuracy', () => {
    expect(demo.code, demo.stderr).toBe(0)
    expect(demo.stderr).toMatch(/epoch 1\/2 .*\n.*epoch 2\/2 /)
    expect(demo.stdout).toMatch(/true \\ predicted/)
    expect(demo.stdout).toMatch(/This is a \d; the network says \d/)
    expect(Number(/Test accuracy ([\d.]+) %/.exec(demo.stdout)![1])).toBeGreaterThan(97)
    expect(demo.stdout).toContain(checkpoint)
    expect(demo.stdout + demo.stderr).not.toContain('\x1b')
  })

  it('predicts files and folders, in their order', async () => {
    const { code, stdout } = await run('predict', '-w', checkpoint, '-k', '1', 'drawn/c.png', 'drawn')
    expect(code).toBe(0)
    const files = stdout.split('\n').filter((line) => line.endsWith('.png'))
    expect(files.map((file) => file.replace('\\', '/'))).toEqual(
      ['c', 'a', 'b', 'c'].map((n) => `drawn/${n}.png`),
    )
  })

  it('predicts as JSON lines', async () => {
    const all = (await lines('predict', '-w', checkpoint, '--json', '-k', '3', 'drawn')).map((line) =>
      JSON.parse(line),
    )
    expect(all.map(({ predictions }) => predictions.length)).toEqual([3, 3, 3])
    expect(all.map(({ predictions }) => predictions[0].class)).toEqual(wanted.map(({ label }) => `${label}`))
    for (const { predictions } of all) {
      const [first, second] = predictions.map(({ probability }: { probability: number }) => probability)
      expect(first).toBeGreaterThan(second)
    }
  })

  it('predicts an image and a list of files from standard input', async () => {
    const args = ['predict', '-w', checkpoint, '--json', '-']
    const image = await ocelli(args, { cwd, input: readFileSync(join(cwd, 'drawn/b.png')) })
    expect(JSON.parse(image.stdout).predictions[0].class).toBe(`${wanted[1]!.label}`)
    const list = await ocelli(args, { cwd, input: 'drawn/b.png\ndrawn/a.png\n' })
    const classes = list.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).predictions[0].class)
    expect(classes).toEqual([`${wanted[1]!.label}`, `${wanted[0]!.label}`])
    expect((await ocelli(args, { cwd, input: '' })).code).toBe(1)
  })

  it('names classes as a file of labels does', async () => {
    const names = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine']
    writeFileSync(join(cwd, 'names.txt'), names.join('\n'))
    const { stdout } = await run(
      'predict',
      '-w',
      checkpoint,
      '--labels',
      'names.txt',
      '-k',
      '1',
      'drawn/a.png',
    )
    expect(stdout).toContain(names[wanted[0]!.label])
    writeFileSync(join(cwd, 'few.txt'), 'zero\none\n')
    const few = await run('predict', '-w', checkpoint, '--labels', 'few.txt', 'drawn/a.png')
    expect([few.code, few.stderr]).toEqual([1, expect.stringMatching(/few\.txt.*2.*10/)])
  })

  it('is measured on a folder and on the set itself', async () => {
    for (const [i, { label }] of wanted.entries()) {
      mkdirSync(join(cwd, 'sorted', `${label}`), { recursive: true })
      const { data, width, height } = set.get(i).image
      const path = join(cwd, 'sorted', `${label}`, `${i}.png`)
      await sharp(data, { raw: { width, height, channels: 1 } }).toFile(path)
    }
    const folder = await json<{ top1: number }>('eval', '-d', 'sorted', '-w', checkpoint, '--json')
    expect(folder.top1).toBe(1)
    const text = (await lines('eval', '-d', 'digits', '-w', checkpoint, '--limit', '500', '--verbose')).join(
      '\n',
    )
    expect(text).toMatch(/top-1 +9\d\.\d+ %/)
    expect(text).toMatch(/precision +recall/)
  })

  it('runs on the reference backend too', async () => {
    const settings = { cwd, env: { OCELLI_BACKEND: 'reference' } }
    const { stdout, stderr } = await ocelli(['predict', '-w', checkpoint, '--json', 'drawn/a.png'], settings)
    expect(JSON.parse(stdout).predictions[0].class).toBe(`${wanted[0]!.label}`)
    expect(stderr).toMatch(/reference/)
  })
})

const weights = sharedPath('assets', 'weights', 'squeezenet1_1-mxnet.torchvision.pth')
const photographs = sharedPath('assets', 'images', 'imagenet')

describe.skipIf(!weights || !photographs)('published weights', () => {
  it('tell what is on photographs', async () => {
    const [zebra, teddy] = ['n02391049_zebra.jpg', 'n04399382_teddy.jpg'].map((name) =>
      join(photographs!, name),
    )
    const { stdout } = await run('predict', '-m', 'squeezenet1_1', '-w', weights!, '-k', '1', zebra!, teddy!)
    expect(stdout).toMatch(/zebra \(n02391049\)[\s\S]*teddy \(n04399382\)/)
  })
})
