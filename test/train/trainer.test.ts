import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nn } from '../../src/index.ts'
import { Network } from '../../src/models/network.ts'
import * as optim from '../../src/optim/index.ts'
import {
  Generator,
  getDefaultGenerator,
  manualSeed,
  setBackend,
  type Tensor,
  tensor,
} from '../../src/tensor/index.ts'
import { compiledPrograms } from '../../src/tensor/realize.ts'
import {
  type Batch,
  type BatchSource,
  evaluate,
  loadRun,
  NonFiniteLossError,
  type Position,
  saveRun,
  train,
} from '../../src/train/index.ts'

/** NaN for negative numbers. */
class Root extends nn.Module {
  override forward(x: Tensor): Tensor {
    return x.sqrt()
  }
}

class Tiny extends Network {
  numClasses = 2
  override readonly featureInfo = [{ name: 'flatten', channels: 4, stride: 1 }]
  flatten = new nn.Flatten()
  root = new Root()
  norm = new nn.BatchNorm1d(4)
  drop = new nn.Dropout(0.2)
  fc = new nn.Linear(4, 2)

  override forwardFeatures(x: Tensor): Tensor {
    return this.norm.forward(this.root.forward(this.flatten.forward(x)))
  }

  override forwardHead(x: Tensor): Tensor {
    return this.fc.forward(this.drop.forward(x))
  }

  override classifierNames(): readonly string[] {
    return ['fc']
  }
}

/** Images of 2 x 2 pixels; the class says which row is brighter. The last batch is smaller. */
class Rows implements BatchSource {
  readonly length = 4
  #epoch = 0
  #start = 0
  readonly #poison: { epoch: number; batch: number } | undefined

  constructor(poison?: { epoch: number; batch: number }) {
    this.#poison = poison
  }

  setEpoch(epoch: number, startBatch = 0): void {
    this.#epoch = epoch
    this.#start = startBatch
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Batch> {
    for (let batch = this.#start; batch < this.length; batch++) {
      const generator = new Generator(7, this.#epoch * this.length + batch)
      const size = batch === this.length - 1 ? 4 : 8
      const labels = Int32Array.from({ length: size }, () => generator.integer(2))
      const images = new Float32Array(size * 4).map((_, i) => {
        const bright = labels[i >> 2] === (i >> 1) % 2
        return generator.uniform() + (bright ? 1 : 0)
      })
      if (this.#poison?.epoch === this.#epoch && this.#poison.batch === batch) images.fill(-1)
      yield { images: tensor(images, [size, 1, 2, 2]), labels: tensor(labels) }
    }
  }
}

interface Run {
  readonly model: Tiny
  readonly optimizer: optim.Optimizer
  readonly scheduler: optim.Scheduler
}

function start(seed: number): Run {
  manualSeed(seed)
  const model = new Tiny()
  const optimizer = optim.adam(model.parameters(), { lr: 0.05 })
  return { model, optimizer, scheduler: new optim.StepLR(optimizer, { stepSize: 2, gamma: 0.5 }) }
}

async function values(model: nn.Module): Promise<Record<string, number[]>> {
  const result: Record<string, number[]> = {}
  for (const [name, value] of model.stateDict()) result[name] = [...(await value.data())]
  return result
}

let folder: string
beforeAll(async () => {
  await setBackend('reference')
  folder = await mkdtemp(join(tmpdir(), 'ocelli-train-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('train', () => {
  it('steps a one-cycle schedule after every step', async () => {
    const { model, optimizer } = start(2)
    const scheduler = new optim.OneCycleLR(optimizer, { maxLr: 0.1, totalSteps: 8 })
    const rates: number[] = []
    await train({
      model,
      optimizer,
      scheduler,
      schedulerInterval: 'step',
      train: new Rows(),
      epochs: 2,
      onStep: () => void rates.push(optimizer.paramGroups[0]!.lr),
    })
    expect(rates).toHaveLength(8)
    expect(Math.max(...rates)).toBeGreaterThan(0.09)
    expect(rates[6]).toBeLessThan(0.001)
  })

  it('learns, reports, and compiles each batch size once', async () => {
    const run = start(1)
    const steps: number[] = []
    const options = { ...run, train: new Rows(), validation: new Rows(), epochs: 6, clipGradNorm: 5 }
    let programs = 0
    const { history, position, interrupted } = await train({
      ...options,
      onStep: ({ loss }) => void steps.push(loss),
      onEpoch: ({ epoch }) => {
        if (epoch === 1) programs = compiledPrograms
      },
    })
    expect(compiledPrograms).toBe(programs)
    expect(steps).toHaveLength(24)
    expect(history).toHaveLength(6)
    expect(history[5]!.train.samples).toBe(28)
    expect(history[5]!.validation!.accuracy).toBeGreaterThan(0.9)
    expect(history[5]!.validation!.loss).toBeLessThan(history[0]!.validation!.loss)
    expect(position).toEqual({
      epoch: 6,
      stepInEpoch: 0,
      step: 24,
      running: { loss: 0, correct: 0, samples: 0 },
    })
    expect(interrupted).toBe(false)
    expect(run.optimizer.paramGroups[0]!.lr).toBeCloseTo(0.05 / 8, 10)
    expect(run.model.training).toBe(true)
    expect((await evaluate(run.model, new Rows())).samples).toBe(28)
  })

  it('stops at a loss that is not finite, names step and layer, and leaves the model as it was', async () => {
    const run = start(1)
    let before: Record<string, number[]> = {}
    const training = train({
      ...run,
      train: new Rows({ epoch: 1, batch: 2 }),
      epochs: 3,
      afterStep: async () => {
        before = await values(run.model)
      },
    })
    await expect(training).rejects.toThrow(NonFiniteLossError)
    await expect(training).rejects.toThrow(
      /^the loss became NaN at step 3 of epoch 2: layer root \(Root\) gave NaN or infinite values first/,
    )
    expect(await values(run.model)).toEqual(before)
  })

  it('blames the images or a parameter where they are at fault', async () => {
    const run = start(1)
    run.model.fc.weight.load(new Float32Array(8).fill(Number.NaN))
    await expect(train({ ...run, train: new Rows(), epochs: 1 })).rejects.toThrow(
      'at step 1 of epoch 1: parameter fc.weight holds NaN or infinite values',
    )
    const images = tensor(new Float32Array(8).fill(Number.NaN), [2, 1, 2, 2])
    const source = Object.assign(new Rows(), {
      async *[Symbol.asyncIterator]() {
        yield { images, labels: tensor(Int32Array.of(0, 1)) }
      },
    })
    await expect(train({ ...start(1), train: source, epochs: 1 })).rejects.toThrow('the images hold NaN')
  })

  it('goes on from a checkpoint to the same parameters, bit for bit', async () => {
    const path = join(folder, 'run.safetensors')
    const whole = start(3)
    await train({ ...whole, train: new Rows(), epochs: 4 })
    const expected = await values(whole.model)
    const places = [
      { epoch: 1, stepInEpoch: 2 },
      { epoch: 2, stepInEpoch: 4 },
      { epoch: 3, stepInEpoch: 0 },
    ]
    for (const place of places) {
      const first = start(3)
      const stop = new AbortController()
      const afterStep = async (position: Position): Promise<void> => {
        if (position.epoch !== place.epoch || position.stepInEpoch !== place.stepInEpoch) return
        const description = { model: 'tiny', options: {}, classes: ['top', 'bottom'], preprocessing: null }
        await saveRun(path, { ...first, generator: getDefaultGenerator(), seed: 3 }, position, description)
        stop.abort()
      }
      await train({ ...first, train: new Rows(), epochs: 4, afterStep, signal: stop.signal })

      const saved = await loadRun(path)
      const second = start(99)
      manualSeed(saved.seed).restore(saved.random)
      await saved.restore(second)
      expect(saved.description.classes).toEqual(['top', 'bottom'])
      await train({ ...second, train: new Rows(), epochs: 4 }, saved.position)
      expect(await values(second.model)).toEqual(expected)
    }
  })
})
