import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { createModel } from '../../src/models/index.ts'
import { loadStateDictFile, saveSafetensors, saveTrainingCheckpoint } from '../../src/weights/file.ts'
import { storeTensors } from '../../src/weights/from-tensors.ts'
import { weightTensor } from '../../src/weights/state-dict.ts'
import { type Finished, ocelli, temporaryFolder, writePicture } from '../support/command-line.ts'
import { sharedPath } from '../support/shared.ts'

const cwd = temporaryFolder()
const run = (...args: string[]): Promise<Finished> => ocelli(args, { cwd })
const file = (name: string): string => join(cwd, name)

async function ran(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...args)
  expect(code, stderr).toBe(0)
  return stdout
}

beforeAll(async () => {
  const network = await createModel('lenet5', { numClasses: 3 })
  await saveTrainingCheckpoint(file('trained.safetensors'), {
    model: await storeTensors(network.stateDict()),
    optimizer: { tensors: new Map(), state: null },
    scheduler: null,
    epoch: 1,
    step: 1,
    seed: 0,
    random: {},
    extra: {
      model: 'lenet5',
      options: { numClasses: 3 },
      classes: ['crane', 'heron', 'stork'],
      preprocessing: null,
    },
  })
  await writePicture(file('bird.png'), [200, 120, 40])
})

describe('ocelli convert', () => {
  it('takes weights to PyTorch and back, bit for bit, with what is known of the network', async () => {
    expect(await ran('convert', 'trained.safetensors', 'plain.safetensors')).toContain('10 tensors')
    await ran('convert', 'plain.safetensors', 'torch.pth')
    await ran('convert', 'torch.pth', 'again.safetensors')
    expect(
      Buffer.compare(readFileSync(file('again.safetensors')), readFileSync(file('plain.safetensors'))),
    ).toBe(0)
    const predict = (weights: string): Promise<string> => ran('predict', '-w', weights, 'bird.png', '--json')
    const [trained, torch] = await Promise.all([predict('trained.safetensors'), predict('torch.pth')])
    expect(torch).toBe(trained)
    expect(torch).toContain('heron')
  })

  it('leaves out what a file says of its network in a form of its own', async () => {
    const { tensors } = await loadStateDictFile(file('plain.safetensors'))
    const odd = { model: 'lenet5', options: 3, classes: 'three', preprocessing: [] }
    await saveSafetensors(file('odd.safetensors'), tensors, { ocelli: JSON.stringify(odd) })
    expect(await ran('predict', '-w', 'odd.safetensors', 'bird.png')).toContain('class ')
    await saveSafetensors(file('odd.safetensors'), tensors, { ocelli: '{' })
    expect((await run('predict', '-w', 'odd.safetensors', 'bird.png')).stderr).toContain('add --model NAME')
  })

  it("writes the network's own names where it is told which", async () => {
    const { tensors } = await loadStateDictFile(file('plain.safetensors'))
    const network = await createModel('lenet5')
    const out = await ran('convert', 'plain.safetensors', 'named.pt', '--model', 'lenet5', '--json')
    expect(JSON.parse(out)).toMatchObject({ tensors: 10, leftOut: [] })
    const named = await loadStateDictFile(file('named.pt'))
    expect([...named.tensors.keys()]).toEqual([...network.stateDict().keys()])
    expect([...named.tensors.keys()].sort()).toEqual([...tensors.keys()].sort())
  })

  it('says what it cannot do, and leaves nothing behind', async () => {
    writeFileSync(file('text.pth'), 'weights')
    for (const [args, text] of [
      [['plain.safetensors'], 'convert takes two files'],
      [
        ['plain.safetensors', 'x.npz'],
        '.npz: its extension names no format to write; these do: .safetensors, .pth',
      ],
      [['text.pth', 'x.pth'], 'no known weight format'],
      [['missing.pth', 'x.pth'], 'no such file'],
      [['plain.safetensors', 'x.pth', '--model', 'alexnet'], 'do not fit alexnet'],
      [['plain.safetensors', 'x.pth', '--model', 'nothing'], 'nothing'],
      [['plain.safetensors', 'no/folder/x.pth'], 'could not be written'],
    ] as const) {
      const { code, stderr } = await run('convert', ...args)
      expect(code).not.toBe(0)
      expect(stderr).toContain(text.replace(/^\.npz/, 'x.npz'))
      expect(stderr).not.toContain('    at ')
    }
    expect((await run('convert', 'x.pth', 'y.pth')).stderr).toContain('no such file')
  })

  const squeezenet = sharedPath('assets', 'weights', 'squeezenet1_1-mxnet.torchvision.pth')
  it.skipIf(squeezenet === undefined)('converts a published file', async () => {
    await ran('convert', squeezenet!, 'squeezenet.safetensors', '--model', 'squeezenet1_1')
    const [from, to] = await Promise.all(
      [squeezenet!, file('squeezenet.safetensors')].map((p) => loadStateDictFile(p)),
    )
    expect(to!.tensors.size).toBe(52)
    for (const [name, tensor] of from!.tensors) {
      expect(Buffer.compare(to!.tensors.get(name)!.bytes(), tensor.bytes()), name).toBe(0)
    }
  })
})

describe('ocelli inspect', () => {
  it('shows tensors, what else there is, and the networks that fit', async () => {
    const network = await createModel('lenet5', { numClasses: 3 })
    const tensors = await storeTensors(network.stateDict())
    const [name, first] = [...tensors][0]!
    const values = Float32Array.from(first.values() as Float32Array)
    values.set([Number.NaN, Number.POSITIVE_INFINITY, 5, -7])
    tensors.set(name, weightTensor(first.shape, 'F32', values))
    await saveSafetensors(file('broken.safetensors'), tensors, { author: 'somebody' })
    const text = await ran('inspect', 'broken.safetensors')
    expect(text).toContain('10 tensors of')
    expect(text).toContain('fits: lenet5 (3 classes)')
    expect(text).toContain('author: somebody')
    expect(text).toMatch(/\[6, 1, 5, 5\] +F32 +-7 +5 .* 2\n/)
    expect(text).toContain('2 values are infinite or not a number')
    const report = JSON.parse(await ran('inspect', 'torch.pth', '--json'))
    expect(report).toMatchObject({ format: 'pytorch-zip', networks: [{ name: 'lenet5', numClasses: 3 }] })
    expect(report.tensors).toHaveLength(10)
    expect(await ran('inspect', 'trained.safetensors')).toContain('beside the weights: epoch (1)')
  })

  it('says where nothing fits, and what is no file of weights', async () => {
    await saveSafetensors(
      file('other.safetensors'),
      new Map([['x', weightTensor([2], 'F32', Float32Array.of(1, 2))]]),
    )
    expect(await ran('inspect', 'other.safetensors')).toContain('fits no network')
    expect((await run('inspect', 'text.pth')).stderr).toContain('no known weight format')
    expect((await run('inspect')).stderr).toContain('inspect takes one file')
  })
})
