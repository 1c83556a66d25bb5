import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nn, optim } from '../../src/index.ts'
import { Generator, manualSeed, setBackend, type Tensor, tensor } from '../../src/tensor/index.ts'
import { type Batch, type BatchSource, type GradientReport, train } from '../../src/train/index.ts'

class Small extends nn.Module {
  conv = new nn.Conv2d(1, 4, 3)
  norm = new nn.BatchNorm2d(4)
  drop = new nn.Dropout(0.3)
  frozen = new nn.Linear(16, 6)
  fc = new nn.Linear(6, 3)

  constructor() {
    super()
    this.frozen.freeze()
  }

  override forward(x: Tensor): Tensor {
    const seen = this.norm.forward(this.conv.forward(x)).relu().flatten(1)
    return this.fc.forward(this.frozen.forward(this.drop.forward(seen)))
  }
}

/** Two full batches and a smaller one. */
class Noise implements BatchSource {
  readonly length = 3
  #start = 0

  setEpoch(_: number, startBatch = 0): void {
    this.#start = startBatch
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Batch> {
    for (let batch = this.#start; batch < this.length; batch++) {
      const generator = new Generator(5, batch)
      const size = batch === 2 ? 3 : 6
      const images = new Float32Array(size * 16).map(() => generator.normal())
      const labels = Int32Array.from({ length: size }, () => generator.integer(3))
      yield { images: tensor(images, [size, 1, 4, 4]), labels: tensor(labels) }
    }
  }
}

const trained = ['conv.weight', 'conv.bias', 'norm.weight', 'norm.bias', 'fc.weight', 'fc.bias']

async function run(
  optimizerOf: (model: Small) => optim.Optimizer,
  more: Partial<Parameters<typeof train>[0]>,
): Promise<number[][]> {
  manualSeed(4)
  const model = new Small()
  await train({ model, optimizer: optimizerOf(model), train: new Noise(), epochs: 2, ...more })
  return Promise.all(model.parameters().map(async (each) => [...(await each.data())]))
}

beforeAll(() => setBackend('native').catch(() => setBackend('wasm')))
afterAll(() => setBackend('reference'))

describe('onGradients', () => {
  it('tells of the last step of each epoch, and leaves the steps as they are, bit for bit', async () => {
    const adam = (model: Small): optim.Optimizer => optim.adam(model.parameters(), { lr: 0.05 })
    const reports: GradientReport[] = []
    const watched = await run(adam, { onGradients: (report) => void reports.push(report), clipGradNorm: 0.5 })
    expect(reports.map(({ epoch, step }) => [epoch, step])).toEqual([
      [0, 3],
      [1, 6],
    ])
    expect(reports[1]!.parameters.map(({ name }) => name)).toEqual(trained)
    expect(watched).toEqual(await run(adam, { clipGradNorm: 0.5 }))
  })

  it('gives the gradients that moved the parameters, every so many steps', async () => {
    const lr = 0.25
    let before = new Map<string, Float32Array>()
    let moved = 0
    const sgd = (model: Small): optim.Optimizer => {
      const keep = async (): Promise<void> => {
        before = new Map()
        for (const [name, value] of model.namedParameters()) {
          before.set(name, Float32Array.from(await value.data()))
        }
      }
      afterStep = keep
      return optim.sgd(model.parameters(), { lr })
    }
    let afterStep: () => Promise<void> = async () => undefined
    const steps: number[] = []
    await run(sgd, {
      gradientsEvery: 2,
      afterStep: () => afterStep(),
      onGradients: async ({ step, parameters }) => {
        steps.push(step)
        for (const { name, parameter, gradient } of parameters) {
          const [now, slope] = [await parameter.data(), await gradient.data()]
          const old = before.get(name)!
          for (const [i, value] of now.entries()) {
            expect(value, `${name} ${i}`).toBeCloseTo(old[i]! - lr * slope[i]!, 6)
            if (value !== old[i]) moved++
          }
        }
      },
    })
    expect(steps).toEqual([2, 4, 6])
    expect(moved).toBeGreaterThan(100)
  })

  it('refuses a number of steps that is none', async () => {
    const sgd = (model: Small): optim.Optimizer => optim.sgd(model.parameters(), { lr: 0.1 })
    await expect(run(sgd, { gradientsEvery: 0 })).rejects.toThrow('gradientsEvery is a whole number of steps')
  })
})
