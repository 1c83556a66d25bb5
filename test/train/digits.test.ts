import { describe, expect, it } from 'vitest'
import { DataLoader, digits } from '../../src/data/index.ts'
import { createModel } from '../../src/models/index.ts'
import { Flatten, Linear, type Module, Sequential } from '../../src/nn/index.ts'
import { adam, OneCycleLR } from '../../src/optim/index.ts'
import { getBackend, manualSeed } from '../../src/tensor/index.ts'
import { evaluate, train } from '../../src/train/index.ts'
import { compose, normalize, toTensor } from '../../src/transforms/index.ts'

const native = (await getBackend()).info.name === 'native'
const transform = compose([toTensor(), normalize([0.5], [0.5])])

/** Share of the test digits that a model gets right after training on all the others. */
async function accuracyOf(
  model: Module,
  epochs: number,
  maxLr: number,
): Promise<{ train: number; test: number }> {
  const loader = new DataLoader(digits({ transform }), { batchSize: 64, shuffle: true })
  const optimizer = adam(model.parameters(), { lr: maxLr })
  await train({
    model,
    optimizer,
    scheduler: new OneCycleLR(optimizer, { maxLr, totalSteps: epochs * loader.length + 1 }),
    schedulerInterval: 'step',
    train: loader,
    epochs,
  })
  const share = async (part: boolean): Promise<number> => {
    const set = digits({ train: part, size: 2000, transform })
    return (await evaluate(model, new DataLoader(set, { batchSize: 250 }))).accuracy
  }
  return { train: await share(true), test: await share(false) }
}

describe.skipIf(!native)('digits, all of them', () => {
  it('stay below 93 % for a linear model trained until it knows its training set better', async () => {
    manualSeed(1)
    const { train, test } = await accuracyOf(new Sequential(new Flatten(), new Linear(1024, 10)), 8, 0.003)
    expect(test).toBeLessThan(0.93)
    expect(test).toBeGreaterThan(0.75)
    expect(train).toBeGreaterThan(test)
  })

  it('pass 98 % for LeNet-5', async () => {
    manualSeed(1)
    expect((await accuracyOf(await createModel('lenet5'), 4, 0.003)).test).toBeGreaterThan(0.98)
  })
})
