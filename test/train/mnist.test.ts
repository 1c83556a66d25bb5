import { expect, it } from 'vitest'
import { DataLoader, mapDataset } from '../../src/data/index.ts'
import { mnist } from '../../src/data/node.ts'
import { createModel } from '../../src/models/index.ts'
import * as optim from '../../src/optim/index.ts'
import { getBackend, manualSeed } from '../../src/tensor/index.ts'
import { train } from '../../src/train/index.ts'
import { compose, normalize, pad, toTensor } from '../../src/transforms/index.ts'
import { sharedPath } from '../support/shared.ts'

const folder = sharedPath('assets', 'datasets', 'mnist')
const fast = (await getBackend()).info.name !== 'reference'
const skipped = folder === undefined ? 'MNIST is absent' : !fast && 'hours on the reference backend'
const epochs = 6

it.skipIf(skipped)(
  `LeNet-5 reaches 99 % on MNIST within ten epochs${skipped ? ` (skipped: ${skipped})` : ''}`,
  { timeout: 600_000 },
  async () => {
    manualSeed(0)
    const seen = compose([pad(2), toTensor(), normalize([0.1307], [0.3081])])
    const part = async (training: boolean) =>
      mapDataset(await mnist(folder!, { train: training }), ({ image, label }) => ({
        image: seen.apply(image),
        label,
      }))
    const model = await createModel('lenet5')
    const loader = new DataLoader(await part(true), { batchSize: 64, shuffle: true })
    const optimizer = optim.adam(model.parameters(), { lr: 0.002 })
    const { history } = await train({
      model,
      optimizer,
      scheduler: new optim.CosineAnnealingLR(optimizer, { tMax: epochs * loader.length }),
      schedulerInterval: 'step',
      train: loader,
      validation: new DataLoader(await part(false), { batchSize: 200 }),
      epochs,
    })
    expect(history.at(-1)!.validation!.accuracy).toBeGreaterThanOrEqual(0.99)
  },
)
