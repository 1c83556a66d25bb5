import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readImage } from '../../src/data/node.ts'
import { createGraphNetwork, type GraphNetwork } from '../../src/onnx/index.ts'
import { sgd } from '../../src/optim/index.ts'
import { type Tensor, tensor } from '../../src/tensor/index.ts'
import { resize } from '../../src/transforms/index.ts'
import { loadStateDictFile, openCheckpointFile } from '../../src/weights/file.ts'
import { sharedPath } from '../support/shared.ts'

const weights = sharedPath('assets', 'weights')
const photograph = sharedPath('assets', 'images', 'scenes', 'faces-1.jpg')
const names = ['ultraface-RFB-320', 'ultraface-RFB-320_simplified'] as const

interface Runtime {
  readonly InferenceSession: {
    create(
      path: string,
      options: object,
    ): Promise<{ run(feeds: object): Promise<Record<string, { data: Float32Array }>> }>
  }
  readonly Tensor: new (type: string, data: Float32Array, shape: readonly number[]) => unknown
}

function onnxRuntime(): Runtime | undefined {
  try {
    return createRequire(resolve(import.meta.dirname, '../../bench/package.json'))(
      'onnxruntime-node',
    ) as Runtime
  } catch {
    console.warn('skipped: onnxruntime-node is not installed in bench/')
    return undefined
  }
}

const runtime = onnxRuntime()

const shape = [1, 3, 240, 320]

async function pixels(): Promise<Float32Array> {
  const image = resize([240, 320]).apply(await readImage(photograph!))
  const plane = 240 * 320
  const channels = image.data.length / plane
  return Float32Array.from({ length: 3 * plane }, (_, i) => {
    return (image.data[(i % plane) * channels + Math.floor(i / plane)]! - 127) / 128
  })
}

async function open(name: string): Promise<GraphNetwork> {
  const file = await openCheckpointFile(`${weights}/${name}.onnx`)
  const network = await createGraphNetwork(await file.network!())
  await file.close()
  return network
}

async function outputsOf(network: GraphNetwork, x: Tensor): Promise<Record<string, Float32Array>> {
  const outputs = network.eval().forwardAll(x)
  const values = await Promise.all(outputs.map((output) => output.data()))
  return Object.fromEntries(network.outputNames.map((name, i) => [name, values[i] as Float32Array]))
}

/** The largest difference over the largest value, if that is more than 1. */
function distance(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length)
  let [worst, largest] = [0, 1]
  for (const [i, value] of a.entries()) {
    worst = Math.max(worst, Math.abs(value - b[i]!))
    largest = Math.max(largest, Math.abs(b[i]!))
  }
  return worst / largest
}

describe.skipIf(weights === undefined || photograph === undefined)('UltraFace', () => {
  it('finds the faces of a photograph, in its full and its simplified form', async () => {
    const x = tensor(await pixels(), shape)
    const [full, simplified] = [
      await outputsOf(await open(names[0]), x),
      await outputsOf(await open(names[1]), x),
    ]
    const faces = full.scores!.filter((score, i) => i % 2 === 1 && score > 0.7).length
    expect(faces).toBeGreaterThanOrEqual(85)
    expect(faces).toBeLessThanOrEqual(88)
    expect(distance(full.scores!, simplified.scores!)).toBeLessThan(2e-6)
  })

  it.skipIf(runtime === undefined).each(names)('%s gives what ONNX Runtime gives', async (name) => {
    const x = await pixels()
    const network = await open(name)
    const session = await runtime!.InferenceSession.create(`${weights}/${name}.onnx`, { logSeverityLevel: 3 })
    const wanted = await session.run({ input: new runtime!.Tensor('float32', x, shape) })
    const got = await outputsOf(network, tensor(x, shape))
    for (const output of network.outputNames)
      expect(distance(got[output]!, wanted[output]!.data)).toBeLessThan(1e-5)
  })

  it('holds the weights of the file, bit for bit', async () => {
    const network = await open(names[0])
    const { tensors, format } = await loadStateDictFile(`${weights}/${names[0]}.onnx`)
    expect(format).toBe('onnx')
    const state = network.stateDict()
    const floats = [...tensors].filter(([, { dtype }]) => dtype === 'F32')
    expect([...state.keys()]).toEqual(floats.map(([name]) => name))
    for (const [name, { values }] of floats) expect(await state.get(name)!.data()).toEqual(values())
    expect(network.loadStateDict(tensors).missing).toEqual([])
  })

  it('is trained further', async () => {
    const network = (await open(names[0])).train()
    const x = tensor(
      (await pixels()).map((value) => value * 0.5),
      shape,
    )
    const optimizer = sgd(network.parameters(), { lr: 0.01 })
    const losses: number[] = []
    for (let step = 0; step < 4; step++) {
      const [scores] = network.forwardAll(x)
      const loss = scores!.select(2, 1).mean()
      optimizer.zeroGrad()
      loss.backward()
      await optimizer.step()
      losses.push(await loss.item())
    }
    expect(losses.at(-1)!).toBeLessThan(losses[0]!)
  })
})
