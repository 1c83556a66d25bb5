import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { signedOf, uniformOf, weightsOf } from '../../scripts/golden.mjs'
import { createModel } from '../../src/models/index.ts'
import { ResNet } from '../../src/models/resnet.ts'
import * as nn from '../../src/nn/index.ts'
import * as optim from '../../src/optim/index.ts'
import { compile, getBackend, type Tensor, tensor } from '../../src/tensor/index.ts'

interface Case {
  readonly model: string
  readonly channels: number
  readonly batch: number
  readonly optimizer: string
  readonly lr: number
  readonly losses: readonly number[]
}

const { salt, cases } = JSON.parse(
  readFileSync(new URL('fixtures/trajectories.json', import.meta.url), 'utf8'),
) as { salt: string; cases: readonly Case[] }
const fast = (await getBackend()).info.name !== 'reference'

it.each(cases.map((entry) => [entry.model, entry.optimizer, entry] as const))(
  '%s with %s has the losses of PyTorch',
  async (_, __, { model: name, channels, batch, optimizer, lr, losses }) => {
    const model = await createModel(name, { numClasses: 10 })
    if (model instanceof ResNet) {
      // The form for CIFAR: nothing is scaled down before the first stage.
      model.conv1 = new nn.Conv2d(3, 64, 3, { padding: 1, bias: false })
      Object.assign(model, { maxpool: new nn.Identity() })
    }
    for (const [key, value] of model.stateDict()) {
      if (!key.endsWith('num_batches_tracked')) value.load(weightsOf(salt, key, value.shape))
    }
    model.train()
    const stepper =
      optimizer === 'sgd'
        ? optim.sgd(model.parameters(), { lr, momentum: 0.9, weightDecay: 0.01 })
        : optim.adam(model.parameters(), { lr })
    const step = compile((images: Tensor, labels: Tensor) => {
      const loss = nn.F.crossEntropy(model.forward(images), labels)
      stepper.zeroGrad()
      loss.backward()
      stepper.update()
      return loss
    })
    const steps = fast || name === 'lenet5' ? losses.length : 2
    for (let i = 0; i < steps; i++) {
      const shape = [batch, channels, 32, 32]
      const images = tensor(signedOf(salt, `images${i}`, shape), shape)
      const labels = tensor(Int32Array.from(uniformOf(salt, `labels${i}`, batch), (u) => Math.floor(10 * u)))
      const loss = await (await step(images, labels)).item()
      expect(Math.abs(loss - losses[i]!), `step ${i}: ${loss}, PyTorch ${losses[i]}`).toBeLessThan(1e-4)
    }
  },
)
