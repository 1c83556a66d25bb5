// The training loop written out, as in PyTorch: forward, loss, backward, step.
//   node examples/training-loop.js
import { compile, createModel, data, F, manualSeed, metrics, noGrad, optim, transforms } from 'ocelli'

manualSeed(1)
const transform = transforms.compose([transforms.toTensor(), transforms.normalize([0.5], [0.5])])
const training = data.digits({ train: true, size: 4000, transform })
const testing = data.digits({ train: false, size: 1000, transform })

const model = await createModel('lenet5')
const optimizer = optim.sgd(model.parameters(), { lr: 0.05, momentum: 0.9, weightDecay: 1e-4 })
const loader = new data.DataLoader(training, { batchSize: 64, shuffle: true })
const scheduler = new optim.OneCycleLR(optimizer, { maxLr: 0.05, totalSteps: 4 * loader.length + 1 })

// compile is optional: it traces the step once and runs the finished program from then on.
const step = compile(
  (/** @type {import('ocelli').Tensor} */ images, /** @type {import('ocelli').Tensor} */ labels) => {
    const loss = F.crossEntropy(model.forward(images), labels, { labelSmoothing: 0.05 })
    optimizer.zeroGrad()
    loss.backward()
    optim.clipGradNorm(model.parameters(), 5)
    optimizer.update()
    return loss
  },
)

model.train()
for (let epoch = 1; epoch <= 4; epoch++) {
  const mean = new metrics.Mean()
  for await (const { images, labels } of loader) {
    const loss = await step(images, labels)
    mean.update(await loss.item())
    scheduler.step()
  }
  console.log(`epoch ${epoch}  mean loss ${mean.compute().toFixed(3)}`)
}

model.eval()
const accuracy = new metrics.Accuracy()
for await (const { images, labels } of new data.DataLoader(testing, { batchSize: 250 })) {
  await accuracy.update(
    noGrad(() => model.forward(images)),
    labels,
  )
}
console.log(`${(100 * accuracy.compute()).toFixed(1)} % of the test images`)
