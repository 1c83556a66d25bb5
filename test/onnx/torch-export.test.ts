import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createGraphNetwork, type GraphNetwork } from '../../src/onnx/index.ts'
import { tensor } from '../../src/tensor/index.ts'
import { openCheckpointFile } from '../../src/weights/file.ts'

const names = [
  'resnet18',
  'resnet18_train',
  'mobilenet_v2',
  'squeezenet1_1',
  'googlenet',
  'shufflenet_v2_x0_5',
  'densenet121',
  'efficientnet_b0',
  'mnasnet0_5',
]
const python = spawnSync('/usr/bin/python3', ['-c', 'import torch, torchvision'], { encoding: 'utf8' })
const skipped = python.status !== 0
if (skipped) console.warn('skipped: there is no python3 with torch and torchvision')

function floats(path: string): Float32Array {
  return new Float32Array(new Uint8Array(readFileSync(path)).buffer)
}

describe.skipIf(skipped)('networks that PyTorch exported', () => {
  let folder = ''
  let shapes = new Map<string, [input: number[], output: number[]]>()

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'torch-export-'))
    const script = resolve(import.meta.dirname, 'torch-export.py')
    const { stdout, stderr, status } = spawnSync('/usr/bin/python3', [script, folder, ...names], {
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(stderr)
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' '))
    const sizes = (text = ''): number[] => text.split('x').map(Number)
    shapes = new Map(rows.map(([name = '', input, output]) => [name, [sizes(input), sizes(output)]]))
  }, 600_000)

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  async function open(name: string): Promise<GraphNetwork> {
    const file = await openCheckpointFile(join(folder, `${name}.onnx`))
    const network = await createGraphNetwork(await file.network!())
    await file.close()
    return network
  }

  it.each(names)('%s gives what torch gives', async (name) => {
    const network = (await open(name)).eval()
    const [input, output] = shapes.get(name)!
    const y = network.forward(tensor(floats(join(folder, `${name}.input.f32`)), input))
    expect(y.shape).toEqual(output)
    const [got, wanted] = [await y.data(), floats(join(folder, `${name}.output.f32`))]
    const scale = Math.max(...wanted.map(Math.abs))
    const worst = wanted.reduce((most, value, i) => Math.max(most, Math.abs(value - got[i]!)), 0)
    expect(worst / scale).toBeLessThan(1e-5)
  })

  it('take batches of another size where the file leaves it open', async () => {
    const network = (await open('resnet18')).eval()
    expect(network.inputs).toEqual([{ name: 'input', type: 'FLOAT', shape: ['batch', 3, 64, 64] }])
    const x = floats(join(folder, 'resnet18.input.f32'))
    const one = await network.forward(tensor(x.subarray(0, x.length / 2), [1, 3, 64, 64])).data()
    expect(one.length).toBe(1000)
    const wanted = floats(join(folder, 'resnet18.output.f32'))
    expect(Math.max(...one.map((value, i) => Math.abs(value - wanted[i]!)))).toBeLessThan(1e-4)
  })

  it('train: gradients are those of finite differences, with the statistics of the batch', async () => {
    const network = (await open('resnet18_train')).train()
    const x = tensor(floats(join(folder, 'resnet18_train.input.f32')), [2, 3, 64, 64])
    const loss = () => network.forward(x).square().mean()
    const state = network.stateDict()
    const mean = state.get('bn1.running_mean')!
    const before = await mean.data()
    loss().backward()
    const weight = state.get('fc.weight')!
    const gradient = await weight.grad!.data()
    expect(network.parameters().filter(({ grad }) => grad === null)).toEqual([])
    const values = Float32Array.from(await weight.data())
    for (const at of [0, 777, 300_000]) {
      const step = 0.05
      const around: number[] = []
      for (const sign of [1, -1]) {
        const moved = values.slice()
        moved[at]! += sign * step
        weight.load(moved)
        around.push(await loss().item())
      }
      const slope = (around[0]! - around[1]!) / (2 * step)
      expect(Math.abs(slope - gradient[at]!)).toBeLessThan(1e-3 * Math.abs(gradient[at]!) + 2e-6)
    }
    expect(await mean.data()).not.toEqual(before)
  })
})
